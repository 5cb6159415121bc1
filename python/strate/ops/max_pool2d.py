from __future__ import annotations

from strate import _core
from strate.geometry import padding_of, pair, sides_for
from strate.tensor import Tensor, as_tensor


def max_pool2d_forward(x, window, *, stride=None, padding=0, dilation=1, ceil: bool = False):
    """y[n,i,j,c] = max over the window of x[n, i*stride + a, j*stride + b, c].

    Args:
        x: (N, H, W, C).
        window: a number or (height, width), in pixels.
        stride: step between windows. Default: the window.
        padding: pixels around the image, which never win: as for `conv2d_forward`.
        dilation: distance of neighbouring taps, in pixels.
        ceil: whether a last window that is not full counts.
    Returns:
        (y, argmax), both (N, H', W', C): argmax is the winner's place in its window, the first
        of equals, for `max_pool2d_backward`.
    Raises:
        ValueError: a window larger than the padded image, padding not smaller than the window.

    >>> x = st.tensor([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]).reshape((1, 4, 4, 1))
    >>> y, argmax = st.ops.max_pool2d_forward(x, 2)
    >>> y.numpy()[0, :, :, 0].tolist()
    [[6.0, 8.0], [3.0, 4.0]]
    """
    x = as_tensor(x)
    return _core.max_pool2d_forward(x, settings(x.shape, window, stride, padding, dilation, ceil), True)


def max_pool2d_backward(
    dy, argmax, x_shape, window, *, stride=None, padding=0, dilation=1, ceil: bool = False
) -> Tensor:
    """dx of `max_pool2d_forward`: each dy goes to its window's winner; several windows add up.

    Args:
        dy, argmax: (N, H', W', C).
        x_shape: (N, H, W, C).
        window, stride, padding, dilation, ceil: as in forward.
    Returns:
        dx (N, H, W, C).

    >>> y, argmax = st.ops.max_pool2d_forward(st.ones((1, 2, 2, 1)), 2)
    >>> st.ops.max_pool2d_backward(y, argmax, (1, 2, 2, 1), 2).numpy().ravel().tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    pool = settings(x_shape, window, stride, padding, dilation, ceil)
    return _core.max_pool2d_backward(as_tensor(dy), as_tensor(argmax), tuple(x_shape), pool)


def settings(x_shape, window, stride, padding, dilation, ceil, count_padding=False) -> _core.Pool2d:
    """The kernel's settings; "same" is worked out here. Shapes of the wrong rank are left to the op."""
    window, dilation, padding = pair("window", window), pair("dilation", dilation), padding_of(padding)
    stride = window if stride is None else pair("stride", stride)
    sides = sides_for(padding, (*x_shape, 0, 0, 0)[1:3], window, stride, dilation)
    return _core.Pool2d(window, stride, sides, dilation, bool(ceil), bool(count_padding))
