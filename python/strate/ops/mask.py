from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def mask(x, mask) -> Tensor:
    """y = x where the mask is not 0, and 0 elsewhere, even where x is NaN; backward is the same.

    Args:
        x: (..., M), real.
        mask: (M), or more of x's last axes.
    Returns:
        y, in the shape of x.
    Raises:
        ValueError: a mask that has not the shape of x's last axes.

    >>> st.ops.mask(st.tensor([[1.0, 2.0], [3.0, 4.0]]), st.tensor([0.0, 1.0])).tolist()
    [[0.0, 2.0], [0.0, 4.0]]
    """
    x = as_tensor(x)
    return _core.mask(x, as_tensor(mask, x.dtype))
