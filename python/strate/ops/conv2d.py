from __future__ import annotations

from strate import _core
from strate.geometry import padding_of, pair, sides_for
from strate.tensor import Tensor, as_tensor, empty


def conv2d_forward(
    x,
    weight,
    bias=None,
    *,
    stride=1,
    padding=0,
    dilation=1,
    groups: int = 1,
    activation: str = "identity",
    slope: float = 0.01,
) -> Tensor:
    """y = g(z), z[n,i,j,o] = bias[o] + sum over a,b,c of weight[o,a,b,c] x[n, i*stride + a, j*stride + b, c].

    A cross-correlation, as in the lecture (p. 65-70): the kernel is not flipped.

    Args:
        x: (N, H, W, C).
        weight: (filters, kernel height, kernel width, C / groups).
        bias: (filters), or None.
        stride, dilation: a number or (height, width), in pixels.
        padding: zeros around the image: a number, (h, w), ((top, bottom), (left, right)), "valid"
            or "same".
        groups: parts into which channels are cut.
        activation, slope: as for `dense_forward`.
    Returns:
        y (N, H', W', filters), H' = (H + top + bottom - span) // stride + 1,
        span = (kernel height - 1) * dilation + 1.
    Raises:
        ValueError: shapes that do not fit, a kernel larger than the padded image.
        TypeError: dtypes that differ, or are not float32 or float64.

    >>> x, weight = st.ones((1, 3, 3, 1)), st.ones((1, 2, 2, 1))
    >>> st.ops.conv2d_forward(x, weight).numpy()[0, :, :, 0].tolist()
    [[4.0, 4.0], [4.0, 4.0]]
    """
    x, weight = as_tensor(x), as_tensor(weight)
    bias = None if bias is None else as_tensor(bias)
    conv = settings(x.shape, weight.shape, stride, padding, dilation, groups)
    return _core.conv2d_forward(x, weight, bias, conv, _core.Activation(activation, slope))


def conv2d_backward(
    dy,
    x,
    weight,
    y=None,
    *,
    stride=1,
    padding=0,
    dilation=1,
    groups: int = 1,
    activation: str = "identity",
    slope: float = 0.01,
):
    """Gradients of `conv2d_forward`.

    dz = dy * g'(z); dx[n, i*stride + a, j*stride + b, c] sums weight[o,a,b,c] dz[n,i,j,o];
    dweight[o,a,b,c] = sum over n, i, j of dz[n,i,j,o] x[n, i*stride + a, j*stride + b, c];
    dbias[o] = sum over n, i, j of dz[n,i,j,o].

    Args:
        dy: (N, H', W', filters), gradient of the loss by y.
        x, weight: as given to `conv2d_forward`, with the same settings.
        y: what it returned; needed unless the activation is the identity.
    Returns:
        (dx, dweight, dbias), in the shapes of x, weight and bias.
    Raises:
        ValueError: shapes that do not fit, or y missing.

    >>> x, weight, dy = st.ones((1, 3, 3, 1)), st.ones((1, 2, 2, 1)), st.ones((1, 2, 2, 1))
    >>> dx, dweight, dbias = st.ops.conv2d_backward(dy, x, weight)
    >>> dx.numpy()[0, :, :, 0].tolist(), dbias.tolist()
    ([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]], [4.0])
    """
    dy, x, weight = as_tensor(dy), as_tensor(x), as_tensor(weight)
    y = None if y is None else as_tensor(y)
    conv = settings(x.shape, weight.shape, stride, padding, dilation, groups)
    filters, *field = weight.shape if weight.ndim == 4 else (0, 0, 0, 0)
    dweight, dbias = empty((*field, filters), x.dtype).transpose((3, 0, 1, 2)), empty((filters,), x.dtype)
    kernel = _core.Activation(activation, slope)
    dx = _core.conv2d_backward(dy, x, weight, y, conv, kernel, dweight, dbias, True)
    return dx, dweight, dbias


def settings(x_shape, weight_shape, stride, padding, dilation, groups) -> _core.Conv2d:
    """The kernel's settings; "same" is worked out here. Shapes of the wrong rank are left to the op."""
    stride, dilation, padding = pair("stride", stride), pair("dilation", dilation), padding_of(padding)
    sides = sides_for(padding, (*x_shape, 0, 0, 0)[1:3], (*weight_shape, 0, 0, 0)[1:3], stride, dilation)
    return _core.Conv2d(stride, sides, dilation, groups)
