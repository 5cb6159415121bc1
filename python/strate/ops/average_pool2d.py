from __future__ import annotations

from strate import _core
from strate.ops.max_pool2d import settings
from strate.tensor import Tensor, as_tensor


def average_pool2d_forward(
    x, window, *, stride=None, padding=0, dilation=1, ceil: bool = False, count_padding: bool = False
) -> Tensor:
    """y[n,i,j,c] = mean over the window of x[n, i*stride + a, j*stride + b, c].

    Args:
        x: (N, H, W, C).
        window, stride, padding, dilation, ceil: as for `max_pool2d_forward`.
        count_padding: whether padded pixels count, as zeros. Otherwise the mean is over real pixels.
    Returns:
        y (N, H', W', C).
    Raises:
        ValueError: a window larger than the padded image, padding not smaller than the window.

    >>> x = st.tensor([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]).reshape((1, 4, 4, 1))
    >>> st.ops.average_pool2d_forward(x, 2).numpy()[0, :, :, 0].tolist()
    [[3.25, 5.25], [2.0, 2.0]]
    """
    x = as_tensor(x)
    return _core.average_pool2d_forward(
        x, settings(x.shape, window, stride, padding, dilation, ceil, count_padding)
    )


def average_pool2d_backward(
    dy,
    x_shape,
    window,
    *,
    stride=None,
    padding=0,
    dilation=1,
    ceil: bool = False,
    count_padding: bool = False,
) -> Tensor:
    """dx of `average_pool2d_forward`: each dy is spread evenly over the pixels that its mean counted.

    Args:
        dy: (N, H', W', C).
        x_shape: (N, H, W, C).
        window, stride, padding, dilation, ceil, count_padding: as in forward.
    Returns:
        dx (N, H, W, C).

    >>> st.ops.average_pool2d_backward(st.ones((1, 1, 1, 1)), (1, 2, 2, 1), 2).numpy().ravel().tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    pool = settings(x_shape, window, stride, padding, dilation, ceil, count_padding)
    return _core.average_pool2d_backward(as_tensor(dy), tuple(x_shape), pool)
