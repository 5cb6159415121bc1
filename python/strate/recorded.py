"""Training steps and predictions of small batches on the CPU, recorded and replayed."""

from __future__ import annotations

import threading

import numpy as np

from strate.forward import Outcome, forward_for
from strate.layers import tree
from strate.losses import Loss
from strate.optim import Optimizer
from strate.programs import Programs
from strate.step import Step
from strate.tensor import Tensor, as_tensor

METHODS = ("__call__", "forward", "forward_logits", "backward")


class RecordedStep(Step):
    """Forward, loss and backward of small batches are replayed; the update is one call as it is."""

    def __init__(self, model, loss: Loss, optimizer: Optimizer):
        self.programs, self.trained = Programs(), None
        super().__init__(model, loss, optimizer)

    def follow(self):
        super().follow()
        if self.optimizer.segments != self.trained:  # other layers write their gradients
            self.programs, self.trained = Programs(), self.optimizer.segments

    def known(self, x, y):
        """The recording for arrays or tensors like them, if any; what y holds is looked at every time."""
        program = self.programs.find((x, y), self.memory.theta)
        return program if program and self.loss.takes(as_tensor(y), self.model.output_shape) else None

    def learn(self, x, target, known=None):
        memory = self.memory
        if known:
            (value, dy, y), replayed = known.run((x, target)), True
        else:
            (value, dy, y), replayed = self.programs.run(self._learn, (x, target), memory.theta)
        if replayed:
            memory.steps += 1
        return Outcome(float(value), dy, y, target)

    def _error(self, x, target, *where):
        return super()._error(as_tensor(x), as_tensor(target), *where)

    def _learn(self, x: Tensor, target: Tensor):
        model = self.model
        y = forward_for(self.loss, model, x, True)
        value, dy = self.loss(y, target)
        model.backward(dy)
        return value, dy, y


class Predictor:
    """Outputs of one model, for several threads: one of them replays, the others compute."""

    def __init__(self, model):
        self.programs = Programs() if may_be_recorded(model) else None
        self.lock = threading.Lock()

    def again(self, model, x, batch_size) -> np.ndarray | None:
        """What was recorded for arrays or tensors like this one, replayed; the first of them was checked.

        None where nothing was recorded, or another thread replays.
        """
        program = None if self.programs is None else self.programs.find((x,), model.theta)
        if program is None or type(batch_size) is not int or not 0 < len(x) <= batch_size:
            return None
        if not self.lock.acquire(blocking=False):
            return None
        try:
            return program.run((x,)).numpy(copy=True)
        finally:
            self.lock.release()

    def __call__(self, model, x: Tensor) -> np.ndarray:
        """Outputs for a batch that was prepared."""
        if self.programs is None or x.device != "cpu" or not self.lock.acquire(blocking=False):
            return model.forward(x).numpy(copy=True)
        try:
            return self.programs.run(model.forward, (x,), model.theta)[0].numpy(copy=True)
        finally:
            self.lock.release()


def step_on_cpu(model, loss: Loss, optimizer: Optimizer) -> Step:
    """The way of training that suits all that takes part."""
    recorded = asserts(loss) and may_be_recorded(model)
    return (RecordedStep if recorded else Step)(model, loss, optimizer)


def may_be_recorded(model) -> bool:
    """Whether the kernels that a batch takes are the same for every batch of its shape.

    Whole numbers, the rows of an embedding, are checked by their values; a model without fusion leaves
    its tensors on its layers, to be looked at.
    """
    return (
        depends_on_tensors(model)
        and not model.whole_numbers
        and not any(getattr(layer, "keeps_z", False) for _, layer in tree.walk(model))
    )


def depends_on_tensors(model) -> bool:
    """Whether a batch depends on tensors alone, as every class that takes part asserts."""
    layers = [layer for _, layer in tree.walk(model)]
    return not (model.makes_mask or model.auxiliaries) and all(map(asserts, layers))


def asserts(part) -> bool:
    """Whether the very class says that it may be recorded: a class derived from one of ours says it anew.

    An object whose own methods were replaced does not.
    """
    kind = type(part)
    return (
        kind.capturable
        and ("capturable" in vars(kind) or kind.__module__.startswith("strate."))
        and not any(callable(value) and name in METHODS for name, value in vars(part).items())
    )
