"""What Adam, RMSProp and Adagrad share: steps divided by the root of averaged squares."""

from __future__ import annotations

from math import isfinite

from strate import _core
from strate.optim.flat import STEPS, FlatOptimizer, blank
from strate.tensor import Tensor


class Adaptive(FlatOptimizer):
    """A learning rate of its own for every parameter; the subclass says which formula.

    Attributes:
        kind: the formula's name in the engine.
        square: averaged or summed squares of the gradient, flat as theta.
        moment: averaged gradient or step, where the formula has one.
    """

    kind: str
    square: Tensor | None = None
    moment: Tensor | None = None

    def __init__(
        self, learning_rate, momentum, rho, epsilon, weight_decay, decay_biases, clip_norm, clip_value
    ):
        self.epsilon = float(epsilon)
        if not (isfinite(self.epsilon) and self.epsilon >= 1e-30):
            raise ValueError(f"{type(self).__name__}: epsilon is at least 1e-30; got epsilon={epsilon}")
        super().__init__(
            learning_rate,
            momentum,
            weight_decay,
            decay_biases,
            clip_norm,
            clip_value,
            (rho, self.epsilon, 0.0),
        )

    @property
    def steps(self) -> int:
        """Steps taken with this model."""
        return int(float(self._hyper[STEPS]))

    kept = ("square", "moment")

    def has_moment(self) -> bool:
        """Whether `moment` is needed."""
        return True

    def restart(self, theta):
        self._hyper[STEPS] = 0.0
        self.square = blank(theta)
        self.moment = blank(theta) if self.has_moment() else None

    def update(self, theta, gradient):
        _core.adaptive(theta, gradient, self.moment, self.square, self._hyper, self._rows, self.kind)


def fraction(what: str, name: str, value: float) -> float:
    """`value` as a float if it lies in 0 <= value < 1."""
    value = float(value)
    if not 0 <= value < 1:
        raise ValueError(f"{what}: 0 <= {name} < 1; got {name}={value}")
    return value
