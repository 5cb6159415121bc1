"""Activations as layers, and as names that other layers fuse."""

from __future__ import annotations

from math import isfinite

from strate import _core
from strate.layers.layer import Layer

KINDS = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "scaled_tanh", "softmax")
LOGITS = ("softmax", "sigmoid")  # what losses take over
SLOPE = 0.01
IDENTITY = _core.Activation("identity", SLOPE)


class Activation(Layer):
    """y = g(x), element by element; softmax works along the last axis (lecture, p. 13 and 61).

    Args:
        kind: "identity", "relu" max(0, x), "leaky_relu" x or slope x, "sigmoid" 1 / (1 + exp(-x)),
            "tanh", "scaled_tanh" 1.7159 tanh(2 x / 3), whose values at -1 and 1 are -1 and 1 (LeCun
            et al., 1998), "softmax" exp(x_i) / sum_c exp(x_c).
        slope: of leaky_relu below zero. Default: 0.01.
    Shapes:
        x (N, ...) -> y (N, ...)
    Raises:
        ValueError: an unknown kind.

    The derivative of relu at 0 is 0.

    >>> st.Activation("relu")(st.tensor([[-1.0, 2.0]])).tolist()
    [[0.0, 2.0]]
    """

    capturable = True
    bfloat16 = True
    settings = ("kind", "slope")

    def __init__(self, kind: str, slope: float = SLOPE):
        self.kind, self.slope = kind_of(kind), slope_of(slope)
        self.kernel = _core.Activation(self.kind, self.slope)
        self.output_activation = self.kind

    def build(self, input_shape):
        if self.kind == "softmax" and not input_shape:
            raise ValueError("softmax needs an axis of classes; got single numbers")
        return input_shape

    def forward(self, x, training=False):
        y = _core.activation_forward(x, self.kernel)
        if training:
            self.keep((y, self.kernel))
        return y

    def forward_logits(self, x, training=False):
        if self.kind not in LOGITS:
            return self.forward(x, training)
        if training:
            self.keep((x, IDENTITY))
        return x

    def backward(self, dy):
        y, kernel = self.take_saved()
        return dy if kernel is IDENTITY else _core.activation_backward(dy, y, kernel)


class ReLU(Activation):
    """y = max(0, x), with derivative 1 for x > 0 and 0 elsewhere (lecture, p. 13)."""

    def __init__(self):
        super().__init__("relu")


class LeakyReLU(Activation):
    """y = x for x > 0, else slope x.

    Args:
        slope: below zero. Default: 0.01.
    """

    def __init__(self, slope: float = SLOPE):
        super().__init__("leaky_relu", slope)


class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)), with derivative y (1 - y) (lecture, p. 13)."""

    def __init__(self):
        super().__init__("sigmoid")


class Tanh(Activation):
    """y = tanh(x), with derivative 1 - y^2 (lecture, p. 13)."""

    def __init__(self):
        super().__init__("tanh")


class Softmax(Activation):
    """y_i = exp(x_i) / sum_c exp(x_c) along the last axis (lecture, p. 52)."""

    def __init__(self):
        super().__init__("softmax")


def elementwise(layer) -> bool:
    """Whether a layer is an activation that the kernel before it can apply, number by number."""
    return isinstance(layer, Activation) and layer.kind != "softmax"


def within(layer) -> bool:
    """Whether a layer is an elementwise activation that no loss takes over: one from within a network."""
    return elementwise(layer) and layer.kind not in LOGITS


def fused(activation) -> Activation:
    """The activation inside another layer, from a name, None, an Activation, or [kind, slope] from a file."""
    if activation is None:
        return Activation("identity")
    if isinstance(activation, Activation):
        return Activation(activation.kind, activation.slope)
    if isinstance(activation, (list, tuple)) and len(activation) == 2:
        return Activation(*activation)
    return Activation(activation)


def describe(activation: Activation):
    """A name, None for the identity, or [kind, slope] where the slope is not the usual one."""
    if activation.kind == "leaky_relu" and activation.slope != SLOPE:
        return [activation.kind, activation.slope]
    return None if activation.kind == "identity" else activation.kind


def kind_of(kind: str) -> str:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"activation is one of {', '.join(KINDS)}; got activation={kind!r}")
    return kind


def slope_of(slope: float) -> float:
    slope = float(slope)
    if not isfinite(slope):
        raise ValueError(f"slope is a finite number; got slope={slope}")
    return slope
