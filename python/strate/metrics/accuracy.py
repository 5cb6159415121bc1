from __future__ import annotations

from math import prod

from strate.metrics.metric import Metric
from strate.ops.metrics import count_correct


class Accuracy(Metric):
    """Fraction of samples whose largest output stands at the target's class.

    >>> accuracy = st.Accuracy()
    >>> accuracy.update(st.tensor([[0.1, 0.9], [0.8, 0.2]]), st.tensor([1, 1]))
    >>> accuracy.result()
    0.5
    """

    name = "accuracy"
    takes_logits = True

    def __init__(self):
        self.reset()

    def reset(self):
        self.correct, self.samples = 0, 0

    def update(self, y, target):
        self.correct += count_correct(y, target)
        self.samples += prod(y.shape[:-1])

    def result(self):
        return self.correct / self.samples
