from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def normalize_forward(x, mean, deviation) -> Tensor:
    """y = (x - mean) / deviation, channel by channel.

    Args:
        x: (..., C).
        mean, deviation: (C).
    Raises:
        ValueError: shapes that do not fit.

    >>> st.ops.normalize_forward(st.tensor([[1.0, 2.0]]), [1.0, 1.0], [2.0, 0.5]).tolist()
    [[0.0, 2.0]]
    """
    x = as_tensor(x)
    return _core.normalize_forward(x, as_tensor(mean, x.dtype), as_tensor(deviation, x.dtype))


def normalize_backward(dy, deviation) -> Tensor:
    """dx = dy / deviation, channel by channel.

    Args:
        dy: (..., C).
        deviation: (C).
    """
    dy = as_tensor(dy)
    return _core.normalize_backward(dy, as_tensor(deviation, dy.dtype))
