from __future__ import annotations

from strate import _core
from strate.layers.affine import Affine
from strate.shapes import elements, shape_of


class Dense(Affine):
    """y = g(W x + w_0): every output sees every input (lecture, p. 16-19).

    Args:
        units: number of outputs.
        activation: g, by name or as an Activation. Default: the identity.
        bias: whether there is a w_0. Default: True.
        init: of W. Default: "glorot_uniform". The bias starts at zero.
    Shapes:
        x (N, ..., inputs) -> y (N, ..., units): the last axis, whatever comes before.
        weight (units, inputs), bias (units)
    Raises:
        ValueError: units below 1, an unknown activation or initialiser.

    >>> st.Dense(10, activation="softmax")(st.ones((2, 784))).shape
    (2, 10)
    """

    settings = ("units", "activation", "use_bias", "init")

    def __init__(self, units: int, activation=None, bias: bool = True, init="glorot_uniform"):
        (self.units,) = shape_of((units,), "units")
        self._set(activation, bias, init)

    def build(self, input_shape):
        if not input_shape:
            raise ValueError("Dense needs an axis of inputs; got single numbers")
        inputs = input_shape[-1]
        self._declare_parameters((self.units, inputs), (1, 0), (inputs, self.units))
        return (*input_shape[:-1], self.units)

    def _affine(self, x, kernel, weight, bias):
        return _core.dense_forward(x, weight, bias, kernel)

    def _gradients(self, dy, x, y, kernel):
        dweight, dbias = (self.dweight, self.dbias) if self._trainable else (None, None)
        return _core.dense_backward(dy, x, self.weight, y, kernel, dweight, dbias, self.need_dx)

    def multiply_adds(self):
        return elements(self.input_shape) * self.units

    def config(self):
        return {"units": self.units, **super().config()}
