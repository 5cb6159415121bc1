from __future__ import annotations

from strate import _core
from strate.geometry import pair
from strate.tensor import Tensor, as_tensor


def up_sample2d_forward(x, factor=2, kind: str = "nearest") -> Tensor:
    """Images enlarged by whole factors.

    "nearest" repeats pixels: y[n,i,j,c] = x[n, i // height, j // width, c]. "bilinear" weighs the four
    pixels around a place by how near they are; values stand at the centres of pixels, so output i lies
    at (i + 1/2) / height - 1/2 (half-pixel centres, align_corners=False), and beyond the outermost
    centres the border's value goes on.

    Args:
        x: (N, H, W, C).
        factor: a number or (height, width), 1 or more.
        kind: "nearest" or "bilinear".
    Returns:
        y (N, height * H, width * W, C).
    Raises:
        ValueError: an unknown kind, a factor below 1.

    >>> x = st.tensor([[[[0.0], [1.0]]]])
    >>> st.ops.up_sample2d_forward(x, (1, 2)).numpy().ravel().tolist()
    [0.0, 0.0, 1.0, 1.0]
    >>> st.ops.up_sample2d_forward(x, (1, 2), "bilinear").numpy().ravel().tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    return _core.up_sample2d_forward(as_tensor(x), pair("factor", factor), kind)


def up_sample2d_backward(dy, factor=2, kind: str = "nearest") -> Tensor:
    """dx, the adjoint: each pixel gets dy of the outputs that took from it, times what they took.

    Args:
        dy: (N, height * H, width * W, C).
        factor, kind: as in forward.
    Returns:
        dx (N, H, W, C).
    Raises:
        ValueError: sides of dy that the factors do not divide.

    >>> st.ops.up_sample2d_backward(st.ones((1, 2, 4, 1))).numpy().ravel().tolist()
    [4.0, 4.0]
    """
    return _core.up_sample2d_backward(as_tensor(dy), pair("factor", factor), kind)
