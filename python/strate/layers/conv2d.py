from __future__ import annotations

from strate import _core
from strate.geometry import image, output_size, padding_of, pair, sides_for, written
from strate.layers.affine import Affine
from strate.layers.connections import Connections
from strate.layers.max_pool2d import MaxPool2D
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
        connections: which filter sees which channel, a table (filters, C) of true and false, as in the
            C3 of LeNet-5. Weights of the others are 0, stay 0 and are not counted as parameters.
            Default: every filter sees all channels (of its group).
        activation, bias, init: as for Dense.
    Shapes:
        x (N, H, W, C) -> y (N, H', W', filters), H' = (H + top + bottom - span) // stride + 1,
        span = (kernel - 1) * dilation + 1
        weight (filters, kernel height, kernel width, C / groups), bias (filters)
    Raises:
        ValueError: a kernel larger than the padded image, channels that groups do not divide, a table
            of another shape or with a filter that sees nothing.

    >>> layer = st.Conv2D(6, 5)
    >>> layer(st.ones((1, 32, 32, 3))).shape
    (1, 28, 28, 6)
    >>> layer = st.Conv2D(2, 5, bias=False, connections=[[1, 0], [1, 1]])
    >>> st.Sequential([layer], input_shape=(32, 32, 2)).summary().parameters
    75
    """

    pooling: MaxPool2D | None = None  # that was taken over
    before = None  # the activation that x comes from, if dx is multiplied by its derivative

    settings = (
        "filters",
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "groups",
        "connections",
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
        connections=None,
    ):
        (self.filters,), (self.groups,) = shape_of((filters,), "filters"), shape_of((groups,), "groups")
        self.kernel_size, self.stride = pair("kernel_size", kernel_size), pair("stride", stride)
        self.padding, self.dilation = padding_of(padding), pair("dilation", dilation)
        if self.filters % self.groups:
            raise ValueError(f"groups divides filters; got filters={filters}, groups={groups}")
        self.connections = connections
        if connections is not None:
            self.connections = Connections(connections, self.filters, self.groups)
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
        init = count = None
        if self.connections:
            self.connections.check(channels)
            fans, init = self.connections.fans(field), self.connections.initializer(self.init)
            count = field * self.connections.count
        self._declare_parameters(shape, (1, 2, 3, 0), fans, init, count)
        self.pooling = self.before = None
        return (*size, self.filters)

    def own_forward(self, x, training):
        return super().forward(x, training)

    def forward(self, x, training=False):
        if self.pooling is None:
            return super().forward(x, training)
        given = self._connected(self.weight), self.bias, self.conv, self.kernel, self.pooling.pool
        z, argmax = _core.conv2d_pooled_forward(x, *given, training)
        if training:
            self.keep((x, (z, argmax), self.kernel))
        return z

    def forward_logits(self, x, training=False):
        return super().forward_logits(x, training) if self.pooling is None else self.forward(x, training)

    def absorb(self, following):
        if self.pooling is not None:
            return False
        # relu is 0 or the winner itself, so that its derivative at the winners is all that is needed.
        alike = self.norm is None and self.kernel.kind in ("identity", "relu")
        if alike and isinstance(following, MaxPool2D):
            self.pooling = following
            return True
        return super().absorb(following)

    @property
    def adds(self):
        return self.pooling is None

    def _affine(self, x, kernel, weight, bias, *added):
        if self.connections is not None:
            weight = self._connected(weight)
        return _core.conv2d_forward(x, weight, bias, self.conv, kernel, *added)

    def own_activation(self):
        return super().own_activation() if self.pooling is None else None

    def take_derivative(self, activation):
        self.before = activation
        return True

    def _gradients(self, dy, x, y, kernel, added=None, before=None):
        dweight, dbias = (self.dweight, self.dbias) if self._trainable else (None, None)
        weight = self._connected(self.weight)
        if type(y) is tuple:  # what pooling kept
            given = dy, x, weight, *y, self.conv, kernel, self.pooling.pool, dweight, dbias, self.need_dx
            dx = _core.conv2d_pooled_backward(*given, self.before)
        else:
            given = dy, x, weight, y, self.conv, kernel, dweight, dbias, self.need_dx
            dx = _core.conv2d_backward(*given, added, before or self.before)
        if self.connections and dweight is not None:
            self.connections.clear(dweight)
        return dx

    def _connected(self, weight):
        """The weight, zero where a filter does not see a channel, whatever was written there."""
        return self.connections.masked(weight) if self.connections else weight

    def receptive_field(self, seen, through):
        return seen and seen.through(self.kernel_size, self.stride, self.dilation)

    @property
    def keeps_output(self):
        return self.pooling is None

    def multiply_adds(self):
        field = elements(self.kernel_size)
        if self.connections:
            return elements(self.output_shape[:2]) * field * self.connections.count
        return elements(self.output_shape) * field * self.input_shape[2] // self.groups

    def algorithm(self, batch_size, dtype):
        shape = (self.filters, *self.kernel_size, self.input_shape[2] // self.groups)
        return _core.conv2d_algorithm((batch_size, *self.input_shape), shape, self.conv, dtype)

    def config(self):
        return {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": written(self.padding),
            "dilation": self.dilation,
            "groups": self.groups,
            "connections": self.connections and self.connections.rows,
            **super().config(),
        }
