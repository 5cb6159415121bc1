from __future__ import annotations

from strate import _core
from strate.geometry import image, pair, written
from strate.layers.affine import Affine
from strate.ops.conv2d_transpose import settings
from strate.shapes import elements, shape_of


class Conv2DTranspose(Affine):
    """Spreads every pixel over the window that a Conv2D sees: the adjoint of it, with a bias of its own.

    y[n,p,q,f] = g(sum of W[c,a,b,f] x[n,i,j,c] over p = i*stride + a - top, q likewise, + w_0[f]). With
    a stride it enlarges images, as a Conv2D with that stride makes them smaller.

    Args:
        filters: number of maps that come out.
        kernel_size: side of the window in pixels, or (height, width).
        stride: distance of the windows of neighbouring pixels. Default: 1.
        padding: pixels cut off the result: a number, (h, w), ((top, bottom), (left, right)). Default: 0.
        output_padding: rows and columns added behind, fewer than the stride: a Conv2D makes H of
            several sizes, this says which one is meant. Default: 0.
        dilation: distance of neighbouring taps in pixels. Default: 1.
        groups: input and output channels are cut into so many parts that do not see each other.
        activation, bias, init: as for Dense.
    Shapes:
        x (N, H, W, C) -> y (N, H', W', filters),
        H' = (H - 1) * stride - top - bottom + (kernel - 1) * dilation + 1 + output_padding
        weight (C, kernel height, kernel width, filters / groups): that of the Conv2D from y to x
        bias (filters)
    Raises:
        ValueError: padding that leaves nothing, channels that groups do not divide.

    >>> layer = st.Conv2DTranspose(8, 2, stride=2)
    >>> layer(st.ones((1, 14, 14, 16))).shape
    (1, 28, 28, 8)
    """

    folds = False
    settings = (
        "filters",
        "kernel_size",
        "stride",
        "padding",
        "output_padding",
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
        output_padding=0,
        activation=None,
        bias: bool = True,
        init="glorot_uniform",
        dilation=1,
        groups: int = 1,
    ):
        (self.filters,), (self.groups,) = shape_of((filters,), "filters"), shape_of((groups,), "groups")
        self.kernel_size, self.stride = pair("kernel_size", kernel_size), pair("stride", stride)
        self.dilation = pair("dilation", dilation)
        self.conv, self.output_padding = settings(stride, padding, output_padding, dilation, self.groups)
        top, bottom, left, right = self.conv.padding
        self.padding = (top, bottom, left, right)
        if self.filters % self.groups:
            raise ValueError(f"groups divides filters; got filters={filters}, groups={groups}")
        if self.output_padding[0] >= self.stride[0] or self.output_padding[1] >= self.stride[1]:
            raise ValueError(
                f"output_padding is smaller than the stride; got output_padding={output_padding}, "
                f"stride={stride}"
            )
        self._set(activation, bias, init)

    def build(self, input_shape):
        channels = image(input_shape)[2]
        if channels % self.groups:
            raise ValueError(f"groups divides channels; got channels={channels}, groups={self.groups}")
        shape = (channels, *self.kernel_size, self.filters // self.groups)
        field = elements(self.kernel_size)
        fans = (field * channels // self.groups, field * self.filters // self.groups)
        output = _core.conv2d_transpose_shape((1, *input_shape), shape, self.conv, self.output_padding)
        self._declare_parameters(shape, (1, 2, 3, 0), fans, units=self.filters)
        return output[1:]

    def _affine(self, x, kernel, weight, bias):
        return _core.conv2d_transpose_forward(x, weight, bias, self.conv, self.output_padding, kernel)

    def _gradients(self, dy, x, y, kernel):
        dweight, dbias = (self.dweight, self.dbias) if self._trainable else (None, None)
        return _core.conv2d_transpose_backward(
            dy, x, self.weight, y, self.conv, self.output_padding, kernel, dweight, dbias, self.need_dx
        )

    def multiply_adds(self):
        return elements(self.input_shape) * elements(self.kernel_size) * self.filters // self.groups

    def config(self):
        return {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": written(self.padding),
            "output_padding": self.output_padding,
            "dilation": self.dilation,
            "groups": self.groups,
            **super().config(),
        }
