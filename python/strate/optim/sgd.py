from __future__ import annotations

from strate import _core
from strate.optim.flat import FlatOptimizer, blank
from strate.schedules.schedule import positive
from strate.tensor import Tensor


class SGD(FlatOptimizer):
    """theta <- theta - rate * g, g the gradient over a batch (lecture, p. 39-41); one kernel call.

    With momentum v <- momentum v + g and theta <- theta - rate v; for Nesterov
    theta <- theta - rate (g + momentum v). Weight decay adds weight_decay theta to g.

    Args:
        learning_rate: a number, a function of the epoch, or a schedule.
        momentum: 0 <= momentum < 1. Default: 0.
        nesterov: looks ahead along the velocity; needs momentum. Default: False.
        weight_decay: 0 or more. Default: 0.
        decay_biases: whether weight decay reaches biases too. Default: True.
        clip_norm, clip_value: limits of the gradient, as `Optimizer` says. Default: None.
    Raises:
        ValueError: a number outside of its range.

    >>> st.SGD(0.1, momentum=0.9).rate
    0.1
    """

    def __init__(
        self,
        learning_rate,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decay_biases: bool = True,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ):
        self.momentum, self.nesterov = positive("momentum", momentum), bool(nesterov)
        if self.momentum >= 1:
            raise ValueError(f"SGD: 0 <= momentum < 1; got momentum={momentum}")
        if self.nesterov and not self.momentum:
            raise ValueError(f"SGD: nesterov needs momentum above 0; got momentum={momentum}")
        self.velocity: Tensor | None = None
        super().__init__(learning_rate, self.momentum, weight_decay, decay_biases, clip_norm, clip_value)

    kept = ("velocity",)

    def restart(self, theta):
        self.velocity = blank(theta) if self.momentum else None

    def update(self, theta, gradient):
        _core.sgd(theta, gradient, self.velocity, self._hyper, self._rows, self.nesterov)

    def __repr__(self) -> str:
        given = {"momentum": self.momentum, "nesterov": self.nesterov, "weight_decay": self.weight_decay}
        return self.described(**{name: value for name, value in given.items() if value})
