from __future__ import annotations

from strate import _core
from strate.geometry import image, output_size, padding_of, pair, sides_for
from strate.layers.affine import Affine
from strate.shapes import elements, shape_of


class Conv2D(Affine):
    """y[n,i,j,o] = g(sum over a, b, c of W[o,a,b,c] x[n, i*stride + a, j*stride + b, c] + w_0[o]).

    A cross-correlation: the kernel is not flipped (lecture, p. 65-70).

    Args:
        filters: number of maps that come out.
        kernel_size: side of the receptive field in pixels, or (height, width).
        stride: step of the window in pixels. Default: 1.
        padding: zeros around the image: a number, (h, w), ((top, bottom), (left, right)), "valid"
            (none) or "same" (as many outputs as inputs at stride 1; an odd pixel goes last).
            Default: 0.
        dilation: distance of neighbouring taps in pixels. Default: 1.
        groups: input and output channels are cut into so many parts that do not see each other.
        activation, bias, init: as for Dense.
    Shapes:
        x (N, H, W, C) -> y (N, H', W', filters), H' = (H + top + bottom - span) // stride + 1,
        span = (kernel - 1) * dilation + 1
        weight (filters, kernel height, kernel width, C / groups), bias (filters)
    Raises:
        ValueError: a kernel larger than the padded image, channels that groups do not divide.

    >>> layer = st.Conv2D(6, 5)
    >>> layer(st.ones((1, 32, 32, 3))).shape
    (1, 28, 28, 6)
    """

    settings = (
        "filters",
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "groups",
        "activation",
        "use_bias",
        "init",
    )

    def __init__(
        self,
        filters: int,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups: int = 1,
        activation=None,
        bias: bool = True,
        init="glorot_uniform",
    ):
        (self.filters,), (self.groups,) = shape_of((filters,), "filters"), shape_of((groups,), "groups")
        self.kernel_size, self.stride = pair("kernel_size", kernel_size), pair("stride", stride)
        self.padding, self.dilation = padding_of(padding), pair("dilation", dilation)
        if self.filters % self.groups:
            raise ValueError(f"groups divides filters; got filters={filters}, groups={groups}")
        self._set(activation, bias, init)

    def build(self, input_shape):
        height, width, channels = image(input_shape)
        if channels % self.groups:
            raise ValueError(f"groups divides channels; got channels={channels}, groups={self.groups}")
        sides = sides_for(self.padding, (height, width), self.kernel_size, self.stride, self.dilation)
        size = output_size("kernel", input_shape, self.kernel_size, self.stride, sides, self.dilation)
        self.conv = _core.Conv2d(self.stride, sides, self.dilation, self.groups)
        shape = (self.filters, *self.kernel_size, channels // self.groups)
        field = elements(self.kernel_size)
        fans = (field * channels // self.groups, field * self.filters // self.groups)
        self._declare_parameters(shape, (1, 2, 3, 0), fans)
        return (*size, self.filters)

    def _affine(self, x, kernel, weight, bias):
        return _core.conv2d_forward(x, weight, bias, self.conv, kernel)

    def _gradients(self, dy, x, y, kernel):
        dweight, dbias = (self.dweight, self.dbias) if self._trainable else (None, None)
        return _core.conv2d_backward(dy, x, self.weight, y, self.conv, kernel, dweight, dbias, self.need_dx)

    def multiply_adds(self):
        return elements(self.output_shape) * elements(self.kernel_size) * self.input_shape[2] // self.groups

    def config(self):
        return {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": written(self.padding),
            "dilation": self.dilation,
            "groups": self.groups,
            **super().config(),
        }


def written(padding):
    """Padding as the constructor takes it."""
    return padding if padding == "same" else (padding[:2], padding[2:])
