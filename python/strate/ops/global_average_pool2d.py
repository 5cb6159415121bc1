from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def global_average_pool2d_forward(x) -> Tensor:
    """y[n, c] = mean over i, j of x[n, i, j, c].

    Args:
        x: (N, H, W, C).
    Returns:
        y (N, C).
    Raises:
        ValueError: not images, or images without pixels.

    >>> st.ops.global_average_pool2d_forward(st.tensor([[[[1.0], [2.0]], [[3.0], [6.0]]]])).tolist()
    [[3.0]]
    """
    return _core.global_average_pool2d_forward(as_tensor(x))


def global_average_pool2d_backward(dy, x_shape) -> Tensor:
    """dx of `global_average_pool2d_forward`: dy / (H W) for every pixel.

    Args:
        dy: (N, C).
        x_shape: (N, H, W, C).
    Returns:
        dx (N, H, W, C).

    >>> st.ops.global_average_pool2d_backward(st.ones((1, 1)), (1, 2, 2, 1)).numpy().ravel().tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    return _core.global_average_pool2d_backward(as_tensor(dy), tuple(x_shape))
