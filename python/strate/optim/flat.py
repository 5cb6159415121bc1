"""What the engine's optimisers share: numbers in memory, buffers as large as theta, one kernel call."""

from __future__ import annotations

from math import inf

from strate import _core
from strate.optim.optimizer import Optimizer, segments
from strate.schedules.schedule import positive
from strate.tensor import Tensor, tensor, zeros

RATE, SCALE, STEPS = 0, 3, 7  # places in the numbers


class FlatOptimizer(Optimizer):
    """An optimiser whose kernel runs over the trained segments of theta.

    The kernel reads its numbers from memory: learning rate, momentum, weight decay, factor and
    limit of the gradient, and what the optimiser adds to them. What is kept from step to step is
    made anew for another model; the same model goes on with what it had.

    Args:
        learning_rate, clip_norm, clip_value: as for `Optimizer`.
        momentum, weight_decay, decay_biases: as the optimiser says.
        numbers: further ones for the kernel.
    """

    capturable = True
    kept: tuple[str, ...] = ()  # attributes as large as theta that live from step to step

    def __init__(
        self, learning_rate, momentum, weight_decay, decay_biases, clip_norm, clip_value, numbers=()
    ):
        super().__init__(learning_rate, clip_norm=clip_norm, clip_value=clip_value)
        self.weight_decay, self.decay_biases = positive("weight_decay", weight_decay), bool(decay_biases)
        largest = inf if self.clip_value is None else self.clip_value
        self._hyper = tensor([self.rate, momentum, self.weight_decay, 1.0, largest, *numbers], "float64")
        self._scale = self._hyper[SCALE : SCALE + 1]
        self._rows: Tensor | None = None
        self._followed = None  # what the rows were made of
        self._memory = None  # whose theta it steps along

    def restart(self, theta: Tensor) -> None:
        """Forget earlier steps: make what is kept from step to step, for this theta."""

    def start(self, model):
        memory = model._memory()
        if memory is not self._memory:
            self._memory = memory
            self.restart(memory.theta)
        if memory.device != self._hyper.device:
            self._move(memory.device)

    def follow(self, model):
        super().follow(model)
        kind = self.segments, model.theta.device
        if kind != self._followed:  # else the same tensor stays: a recorded step reads it
            rows = segments(model, self.decay_biases, joined=model.device != "cpu")
            self._rows = tensor(rows, "int64", model.theta.device).reshape((len(rows), 3))
            self._followed = kind

    def _move(self, device: str) -> None:
        """What is kept from step to step, and the numbers, to the device of theta."""
        for name in self.kept:
            flat = getattr(self, name)
            setattr(self, name, None if flat is None else flat.to(device))
        self._hyper = self._hyper.to(device)
        self._scale = self._hyper[SCALE : SCALE + 1]

    def set_epoch(self, epoch):
        super().set_epoch(epoch)
        self._hyper[RATE] = self.rate

    def step(self, model):
        memory = model._memory()
        if self.clip_norm is not None:
            _core.gradient_norm(memory.gradient, self._rows, self.clip_norm, self._scale)
        self.update(memory.theta, memory.gradient)


def blank(theta: Tensor) -> Tensor:
    """A buffer of zeros beside theta."""
    return zeros(theta.shape, theta.dtype, theta.device)
