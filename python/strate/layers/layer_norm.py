from __future__ import annotations

from math import isfinite

from strate import _core
from strate.layers.layer import Layer
from strate.shapes import elements


class LayerNorm(Layer):
    """y = gamma xhat + beta, xhat = (x - mean) / sqrt(variance + epsilon), over the last axis.

    Ba, Kiros and Hinton, 2016. Mean and variance (divided by C) are those of the C numbers at one
    place of one sample, in training and otherwise.

    Args:
        epsilon: added to the variance, above 0. Default: 1e-5.
        center: whether there is a beta. Default: True.
        scale: whether there is a gamma. Default: True.
    Shapes:
        x (N, ..., C) -> y (N, ..., C)
        gamma, beta (C)
    Raises:
        ValueError: an epsilon out of range.

    >>> st.LayerNorm(epsilon=1e-30)(st.tensor([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    capturable = True
    settings = ("epsilon", "center", "scale")

    def __init__(self, epsilon: float = 1e-5, center: bool = True, scale: bool = True):
        self.epsilon = float(epsilon)
        if not (isfinite(self.epsilon) and self.epsilon > 0):
            raise ValueError(f"epsilon is above 0; got epsilon={epsilon}")
        self.center, self.scale = bool(center), bool(scale)
        if not center:
            self.beta = self.dbeta = None
        if not scale:
            self.gamma = self.dgamma = None

    def build(self, input_shape):
        if not input_shape:
            raise ValueError("LayerNorm needs an axis to normalise over; got single numbers")
        if self.scale:
            self.parameter("gamma", input_shape[-1:], 1.0, decay=False)
        if self.center:
            self.parameter("beta", input_shape[-1:], "zeros", decay=False)
        return input_shape

    def forward(self, x, training=False):
        y, statistics = _core.layer_norm_forward(x, self.gamma, self.beta, self.epsilon)
        if training:
            self.keep((x, statistics))
        return y

    def backward(self, dy):
        x, statistics = self.take_saved()
        dgamma, dbeta = (self.dgamma, self.dbeta) if self._trainable else (None, None)
        return _core.layer_norm_backward(dy, x, statistics, self.gamma, dgamma, dbeta, self.need_dx)

    def multiply_adds(self):
        return elements(self.input_shape)

    def kept_bytes(self):
        return 16 * elements(self.input_shape[:-1])
