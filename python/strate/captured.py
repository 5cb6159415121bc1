"""A training step on a GPU: queued without waiting, recorded once for each shape of batch, then replayed.

The host learns of a loss some steps late. So that nothing is lost by that, a step whose loss or gradient
is not finite raises the flag of the gradient, and from then on neither theta nor what the optimiser keeps
changes, and a copy of the state as it was before that step stays.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from strate import cuda
from strate.forward import Outcome, forward_for
from strate.info import convolution
from strate.losses import Loss
from strate.optim import Optimizer
from strate.optim.flat import FlatOptimizer
from strate.programs import MOST_PROGRAMS
from strate.recorded import asserts, depends_on_tensors, step_on_cpu
from strate.step import Step
from strate.tensor import Tensor


class Coming:
    """A loss on its way to the host, and whether the step that it belongs to was good."""

    def __init__(self, reported: Tensor):
        self._later, self._values = cuda.Later(reported), None

    def values(self) -> tuple[float, bool]:
        """The loss, and whether a flag was raised in this step or before; waits for them."""
        if self._values is None:
            loss, raised = self._later.value().tolist()
            self._later, self._values = None, (loss, bool(raised))
        return self._values

    def __float__(self) -> float:
        return self.values()[0]


class Queued(NamedTuple):
    """A step that the host has not heard of yet, and what tells where it went wrong."""

    coming: Coming
    x: Tensor
    target: Tensor
    rows: Tensor | None
    epoch: int
    batch: int
    steps: int


class Program:
    """A recorded step: its own batch, which `run` fills, and what comes out."""

    def __init__(self, step: CapturedStep, x: Tensor, target: Tensor):
        self.x, self.target = x.copy(), target.copy()
        self.memory = step.optimizer._rows, step.optimizer._hyper  # that the recorded kernels read
        self.recording, self.results = cuda.record(lambda: step.queue(self.x, self.target))

    def run(self, x: Tensor, target: Tensor):
        """The step for another batch of the same shape."""
        self.x.copy_from(x)
        self.target.copy_from(target)
        self.recording.replay()
        return self.results


class CapturedStep(Step):
    """Learns from one batch after the other, without waiting for the device."""

    def __init__(self, model, loss: Loss, optimizer: Optimizer):
        self.queued: deque[Queued] = deque()
        self.programs: dict[tuple, Program | None] = {}  # None: such a batch was met once
        super().__init__(model, loss, optimizer)
        self.state = model.state.copy()

    def __call__(self, x, target, rows=None, epoch=0, batch=0):
        model = self.model
        x, target = model.prepare(x), target.to(model.device)
        reported, dy, y = self._run(x, target)
        coming = Coming(reported)
        self.queued.append(Queued(coming, x, target, rows, epoch, batch, model._memory().steps))
        self.settle(cuda.LATEST)
        return Outcome(coming, dy, y, target)

    def settle(self, behind: int = 0) -> None:
        """Wait until the host is at most so many steps behind, and look at their losses.

        Raises:
            NonFiniteError: NaN or infinity in one of them; theta and state are as they were before it.
        """
        while len(self.queued) > behind:
            step = self.queued.popleft()
            loss, raised = step.coming.values()
            if raised or loss - loss != 0:
                self.queued.clear()
                self.model._memory().rewind(step.steps)
                raise self._error(step.x, step.target, self.state, step.rows, step.epoch, step.batch)

    def queue(self, x: Tensor, target: Tensor):
        """All launches of a step: loss and flag, gradient by the outputs, outputs."""
        model = self.model
        if self.state.size:
            cuda.copy_unless(self.state, model.state, model.gradient)
        y = forward_for(self.loss, model, x, True)
        value, dy = self.loss(y, target)
        cuda.pass_on_flag(model.gradient, value)
        model.backward(dy)
        self.optimizer.step(model)
        return cuda.report(value, model.gradient), dy, y

    def _run(self, x: Tensor, target: Tensor):
        key = (x.shape, target.shape, target.dtype, convolution(), cuda.multiply(), id(self.optimizer._rows))
        if key not in self.programs:  # the first of its kind makes what is made once, and is not recorded
            self.programs[key] = None
            return self.queue(x, target)
        program, memory = self.programs[key], self.model._memory()
        if program is None:
            while len(self.programs) > MOST_PROGRAMS:
                del self.programs[next(iter(self.programs))]
            steps = memory.steps
            program = self.programs[key] = Program(self, x, target)
            memory.steps = steps  # it was recorded, not taken
        memory.steps += 1
        return program.run(x, target)


def step_of(model, loss: Loss, optimizer: Optimizer) -> Step:
    """The way of training that suits the device and all that takes part."""
    if model.device == "cpu":
        return step_on_cpu(model, loss, optimizer)
    return (CapturedStep if may_be_recorded(model, loss, optimizer) else Step)(model, loss, optimizer)


def may_be_recorded(model, loss: Loss, optimizer: Optimizer) -> bool:
    """Whether a step depends on tensors alone, as every class that takes part asserts."""
    return (
        asserts(loss)
        and isinstance(optimizer, FlatOptimizer)
        and asserts(optimizer)
        and depends_on_tensors(model)
    )
