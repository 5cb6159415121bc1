from __future__ import annotations

from strate import _core
from strate.optim.optimizer import Optimizer
from strate.schedules.schedule import positive
from strate.tensor import Tensor, tensor, zeros


class SGD(Optimizer):
    """theta <- theta - rate * g, g the gradient over a batch (lecture, p. 39-41); one kernel call.

    With momentum v <- momentum v + g and theta <- theta - rate v; for Nesterov
    theta <- theta - rate (g + momentum v). Weight decay adds weight_decay theta to g.

    Args:
        learning_rate: a number, a function of the epoch, or a schedule.
        momentum: 0 <= momentum < 1. Default: 0.
        nesterov: looks ahead along the velocity; needs momentum. Default: False.
        weight_decay: 0 or more. Default: 0.
        decay_biases: whether weight decay reaches biases too. Default: True.
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
    ):
        super().__init__(learning_rate)
        self.momentum, self.weight_decay = (
            positive("momentum", momentum),
            positive("weight_decay", weight_decay),
        )
        self.nesterov, self.decay_biases = bool(nesterov), bool(decay_biases)
        if self.momentum >= 1:
            raise ValueError(f"SGD: 0 <= momentum < 1; got momentum={momentum}")
        if self.nesterov and not self.momentum:
            raise ValueError(f"SGD: nesterov needs momentum above 0; got momentum={momentum}")
        self.velocity: Tensor | None = None
        self._hyper = tensor([self.rate, self.momentum, self.weight_decay], "float64")
        self._rows: Tensor | None = None
        self._theta: Tensor | None = None

    def start(self, model):
        if model.theta is not self._theta:  # the same model goes on with the velocity that it had
            self._theta = model.theta
            self.velocity = zeros(model.theta.shape, model.theta.dtype) if self.momentum else None

    def follow(self, model):
        super().follow(model)
        self._rows = tensor(self.segments, "int64").reshape((len(self.segments), 3))

    def set_epoch(self, epoch):
        super().set_epoch(epoch)
        self._hyper[0] = self.rate

    def update(self, theta, gradient):
        _core.sgd(theta, gradient, self.velocity, self._hyper, self._rows, self.nesterov)

    def step(self, model):
        self.update(model.theta, model.gradient)

    def __repr__(self) -> str:
        parts = [f"learning_rate={self.learning_rate!r}"]
        parts += [f"momentum={self.momentum:g}"] if self.momentum else []
        parts += ["nesterov=True"] if self.nesterov else []
        parts += [f"weight_decay={self.weight_decay:g}"] if self.weight_decay else []
        return f"SGD({', '.join(parts)})"
