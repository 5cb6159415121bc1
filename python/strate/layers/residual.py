from __future__ import annotations

from strate import _core
from strate.layers import activation as activations
from strate.layers import tree
from strate.layers.added import SUM, backward_added, forward_added
from strate.layers.container import Container, check_layer
from strate.layers.layer import Layer
from strate.shapes import text


class Residual(Container):
    """y = body(x) + shortcut(x): the body learns what the shortcut lacks (lecture, p. 79).

    An elementwise activation that follows is computed in the same pass, and the sum in the body's last one
    where that is a convolution or a BatchNorm.

    Args:
        body: a layer, often a Sequential.
        shortcut: a layer that brings x to the body's output shape. Default: x itself.
    Shapes:
        x (N, ...) -> y (N, ...) in the shape that body and shortcut give
    Raises:
        ValueError: body and shortcut give different shapes.
    Source:
        K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016.

    >>> block = st.Residual(st.Sequential([st.Dense(4, activation="relu"), st.Dense(3)]))
    >>> block(st.ones((2, 3))).shape
    (2, 3)
    """

    settings = ("body", "shortcut")

    def __init__(self, body: Layer, shortcut: Layer | None = None):
        self.body = check_layer("body", body)
        self.shortcut = None if shortcut is None else check_layer("shortcut", shortcut)

    def children(self):
        return (self.body,) if self.shortcut is None else (self.body, self.shortcut)

    def build(self, input_shape):
        self.kernel, self.output_activation = SUM, "identity"
        self.before, self.derivative_left = None, False
        shape = self.declare_inside("body", self.body, input_shape)
        other = input_shape
        if self.shortcut is not None:
            other = self.declare_inside("shortcut", self.shortcut, input_shape)
        if shape != other:
            source = "x is" if self.shortcut is None else "the shortcut gives"
            raise ValueError(
                f"body and shortcut are added; the body gives {text(shape)}, {source} {text(other)}"
            )
        return shape

    def absorb(self, following):
        if not activations.within(following) or self.kernel is not SUM:
            return False
        self.kernel, self.output_activation = _core.Combine("add", following.kernel), following.kind
        return True

    def forward(self, x, training=False):
        other = x if self.shortcut is None else self.forward_of(self.shortcut, x, training)
        if tree.ours(self.body):
            return self._kept(forward_added(self.body, x, other, self.kernel, training), x, training)
        return self._sum(self.forward_of(self.body, x, training), other, x, training)

    def forward_masked(self, x, mask, training=False, logits=False):
        other, passed = x, mask
        if self.shortcut is not None:
            other, passed = self.masked_forward_of(self.shortcut, x, mask, training)
        y, after = self.masked_forward_of(self.body, x, mask, training)
        return self._sum(y, other, x, training), passed if after is None else after

    def _sum(self, a, b, x, training):
        return self._kept(_core.combine_forward(a, b, self.kernel), x, training)

    def _kept(self, y, x, training):
        if training:
            self.keep((y, x))
        return y

    def own_activation(self):
        return None if self.kernel is SUM else self.kernel.activation

    def leave_derivative(self):
        self.derivative_left = True

    def take_derivative(self, activation):
        self.before = activation if tree.ours(self.body) else None
        return self.before is not None

    def backward(self, dy):
        y, x = self.take_saved()
        dother = dy
        if not self.derivative_left:
            dy, dother = _core.combine_backward(dy, y, None, None, y.shape, self.kernel)
        if self.shortcut is not None:
            dother = self.backward_of(self.shortcut, dother)
        if self.need_dx and tree.ours(self.body):
            return backward_added(self.body, dy, dother, self.before, x)
        dx = self.backward_of(self.body, dy)
        return _core.combine_forward(dx, dother, SUM) if self.need_dx else None

    def receptive_field(self, seen, through):
        if self.shortcut is not None:
            through(self.shortcut, seen)
        return through(self.body, seen)
