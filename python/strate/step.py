"""One training step: forward, loss, backward, update; and the same without the last two."""

from __future__ import annotations

import weakref
from collections import deque
from math import isfinite

from strate.cuda import LATEST
from strate.forward import Outcome, forward_and_loss
from strate.layers import tree
from strate.losses import Loss
from strate.metrics import Metric
from strate.nonfinite import NonFiniteError, report
from strate.ops.activation import activation_forward
from strate.ops.finite import all_finite, take_nonfinite
from strate.optim import Optimizer
from strate.tensor import Tensor


class Step:
    """Learns from one batch after the other.

    The flags of the loss and of the gradient are read before the optimiser touches theta, and what
    forward did to the state is undone, so a step that meets NaN or infinity leaves the last good
    theta and state behind.
    """

    def __init__(self, model, loss: Loss, optimizer: Optimizer):
        loss.check(model.output_activation)
        self._model, self.loss, self.optimizer = weakref.ref(model), loss, optimizer
        self.memory, self.asked = model._memory(), (loss, optimizer)
        optimizer.start(model)
        self.follow()

    @property
    def model(self):
        """Not kept alive: the model may keep its step, and both go when the model does."""
        return self._model()

    def follow(self) -> None:
        """Take note of which layers are trained, before each epoch."""
        model = self.model
        self.foreign = [
            place.view(model.gradient)
            for place in model.places()
            if place.layer.trainable and not tree.ours(place.layer)
        ]  # gradients whose kernels keep no flag
        self.optimizer.follow(model)
        model.ask_dx(False)  # of the layers below the first that is trained, until training ends
        self.ready()

    def ready(self) -> None:
        """Forget what others did with the model since the last step."""
        take_nonfinite(self.memory.gradient)
        model = self.model
        if model.need_dx:
            model.ask_dx(False)

    def known(self, x, y):
        """What is known of a batch like this one, which then is taken unchecked, as it is; else None."""
        return None

    def __call__(
        self, x: Tensor, target: Tensor, rows=None, epoch: int = 0, batch: int = 0, known=None
    ) -> Outcome:
        """The loss before the update, and the outputs and targets that it was given.

        Raises:
            NonFiniteError: NaN or infinity in the outputs, the loss or a gradient.
        """
        memory = self.memory
        state = memory.state.copy() if memory.state.size else None
        outcome = self.learn(x, target, known)
        good = isfinite(outcome.value) and not take_nonfinite(memory.gradient)
        if not good or not all(map(all_finite, self.foreign)):
            raise self._error(x, target, state, rows, epoch, batch)
        self.optimizer.step(self.model)
        return outcome

    def learn(self, x: Tensor, target: Tensor, known=None) -> Outcome:
        """Forward, loss and backward; the last is left out where the loss is not finite."""
        outcome = forward_and_loss(self.model, self.loss, x, target, True)
        if isfinite(outcome.value):
            self.model.backward(outcome.dy)
        return outcome

    def settle(self) -> None:
        """Wait for steps that are still under way; here there are none."""

    def _error(
        self, x: Tensor, target: Tensor, state: Tensor | None, rows, epoch: int, batch: int
    ) -> NonFiniteError:
        """What happened, found by repeating the step from the same state."""
        if state is not None:
            self.model.state.copy_from(state)
        reason = report(self.model, self.loss, x, target, rows)
        if state is not None:
            self.model.state.copy_from(state)
        error = NonFiniteError(f"epoch {epoch + 1}, batch {batch + 1}: {reason}")
        error.epoch, error.batch = epoch + 1, batch + 1
        return error


class Tally:
    """Loss and metrics over batches."""

    def __init__(self, model, loss: Loss, metrics: list[Metric]):
        self.loss, self.metrics = loss, metrics
        self.left_out = loss.fuses if loss.takes_over(model.output_activation) else None
        self.total, self.weight = 0.0, 0.0
        self.coming: deque = deque()  # losses that are still on their way, with their weights
        for metric in metrics:
            metric.reset()

    def add(self, outcome: Outcome) -> None:
        """Take in a batch."""
        value, _, y, target = outcome
        weight = self.loss.weight(target) if self.loss.mean else 1.0
        self.coming.append((value, weight))
        self._settle(0 if type(value) is float else LATEST)
        probabilities = None
        for metric in self.metrics:
            if self.left_out and not metric.takes_logits:
                if probabilities is None:
                    probabilities = activation_forward(y, self.left_out)
                metric.update(probabilities, target)
            else:
                metric.update(y, target)

    def _settle(self, behind: int) -> None:
        """Count losses until at most so many are on their way."""
        while len(self.coming) > behind:
            value, weight = self.coming.popleft()
            self.total += float(value) * weight if weight else 0.0
            self.weight += weight

    def values(self) -> dict[str, float]:
        """Averages so far, by name."""
        self._settle(0)
        mean = self.total / self.weight if self.loss.mean and self.weight else self.total
        return {"loss": mean, **{metric.name: float(metric.result()) for metric in self.metrics}}
