"""The base of every metric: a number for people, not for the gradient."""

from __future__ import annotations

from strate.tensor import Tensor


class Metric:
    """A number gathered over batches.

    A metric of your own writes `reset`, `update` and `result`. A plain function f(y, target) works
    too: its values are averaged over samples, under the function's name.

    Attributes:
        name: of the curve in the history.
        takes_logits: whether `update` makes do with outputs before a final softmax or sigmoid.
    """

    name = "metric"
    takes_logits = False

    def reset(self) -> None:
        """Forget all batches."""
        raise NotImplementedError(f"{type(self).__name__} has no reset()")

    def update(self, y: Tensor, target: Tensor) -> None:
        """Take in a batch of outputs and targets."""
        raise NotImplementedError(f"{type(self).__name__} has no update(y, target)")

    def result(self) -> float:
        """The number over all batches since reset."""
        raise NotImplementedError(f"{type(self).__name__} has no result()")


class FromFunction(Metric):
    """The average over samples of f(y, target)."""

    def __init__(self, function):
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self.reset()

    def reset(self):
        self.total, self.samples = 0.0, 0

    def update(self, y, target):
        self.total += float(self.function(y, target)) * len(target)
        self.samples += len(target)

    def result(self):
        return self.total / self.samples
