from __future__ import annotations

from strate import _core
from strate.geometry import padding_of, pair
from strate.tensor import Tensor, as_tensor, empty


def conv2d_transpose_forward(
    x,
    weight,
    bias=None,
    *,
    stride=1,
    padding=0,
    output_padding=0,
    dilation=1,
    groups: int = 1,
    activation: str = "identity",
    slope: float = 0.01,
) -> Tensor:
    """y = g(z), every pixel of x spread over the window that the convolution saw: the adjoint of conv2d.

    z[n,p,q,f] = bias[f] + sum of x[n,i,j,c] weight[c,a,b,f] over all i, j, a, b, c with
    p = i*stride + a*dilation - top, and q likewise.

    Args:
        x: (N, H, W, C).
        weight: (C, kernel height, kernel width, filters / groups), as a convolution from the filters
            to C channels has it.
        bias: (filters), or None.
        stride, dilation: a number or (height, width), in pixels.
        padding: pixels cut off the result: a number, (h, w) or ((top, bottom), (left, right)).
        output_padding: rows and columns added behind, fewer than the stride: which of the sizes that
            the convolution makes H of is meant.
        groups: parts into which channels are cut.
        activation, slope: as for `dense_forward`.
    Returns:
        y (N, H', W', filters), H' = (H - 1) * stride - top - bottom + (kernel height - 1) * dilation
        + 1 + output_padding.
    Raises:
        ValueError: shapes that do not fit, padding that leaves nothing.
        TypeError: dtypes that differ, or are not float32 or float64.

    >>> x, weight = st.ones((1, 2, 2, 1)), st.ones((1, 2, 2, 1))
    >>> st.ops.conv2d_transpose_forward(x, weight).numpy()[0, :, :, 0].tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    x, weight = as_tensor(x), as_tensor(weight)
    bias = None if bias is None else as_tensor(bias)
    conv, extra = settings(stride, padding, output_padding, dilation, groups)
    kernel = _core.Activation(activation, slope)
    return _core.conv2d_transpose_forward(x, weight, bias, conv, extra, kernel)


def conv2d_transpose_backward(
    dy,
    x,
    weight,
    y=None,
    *,
    stride=1,
    padding=0,
    output_padding=0,
    dilation=1,
    groups: int = 1,
    activation: str = "identity",
    slope: float = 0.01,
):
    """Gradients of `conv2d_transpose_forward`; dx is the convolution of dz = dy * g'(z) with the weight.

    Args:
        dy: (N, H', W', filters), gradient of the loss by y.
        x, weight: as given to forward, with the same settings.
        y: what it returned; needed unless the activation is the identity.
    Returns:
        (dx, dweight, dbias), in the shapes of x, weight and bias.
    Raises:
        ValueError: shapes that do not fit, or y missing.

    >>> x, weight, dy = st.ones((1, 2, 2, 1)), st.ones((1, 2, 2, 1)), st.ones((1, 3, 3, 1))
    >>> dx, dweight, dbias = st.ops.conv2d_transpose_backward(dy, x, weight)
    >>> dx.numpy()[0, :, :, 0].tolist(), dbias.tolist()
    ([[4.0, 4.0], [4.0, 4.0]], [9.0])
    """
    dy, x, weight = as_tensor(dy), as_tensor(x), as_tensor(weight)
    y = None if y is None else as_tensor(y)
    conv, extra = settings(stride, padding, output_padding, dilation, groups)
    channels, *field = weight.shape if weight.ndim == 4 else (0, 0, 0, 0)
    dweight = empty((*field, channels), x.dtype).transpose((3, 0, 1, 2))
    dbias = empty((field[2] * groups,), x.dtype)
    kernel = _core.Activation(activation, slope)
    dx = _core.conv2d_transpose_backward(dy, x, weight, y, conv, extra, kernel, dweight, dbias, True)
    return dx, dweight, dbias


def settings(stride, padding, output_padding, dilation, groups):
    """The kernel's settings. "same" is not one of them: it does not say how large y is."""
    sides = padding_of(padding)
    if sides == "same":
        raise ValueError('a transposed convolution takes its padding in pixels; got padding="same"')
    conv = _core.Conv2d(pair("stride", stride), sides, pair("dilation", dilation), groups)
    return conv, pair("output_padding", output_padding, 0)
