from __future__ import annotations

from collections import deque
from math import nan, prod

import numpy as np

from strate import _core
from strate.cuda import LATEST, Later
from strate.metrics.metric import Metric
from strate.ops.gather import gather
from strate.ops.metrics import count_correct


class Accuracy(Metric):
    """Fraction of samples whose largest output stands at the target's class; NaN if there are none.

    Args:
        ignore_index: samples of this class are left out. By default, and by name, that of the loss.
    Raises:
        ValueError: a single output, which is always the largest: see `BinaryAccuracy`.

    >>> accuracy = st.Accuracy()
    >>> accuracy.update(st.tensor([[0.1, 0.9], [0.8, 0.2]]), st.tensor([1, 1]))
    >>> accuracy.result()
    0.5
    """

    name = "accuracy"
    takes_logits = True

    def __init__(self, ignore_index: int | None = None):
        self.ignore_index = ignore_index
        self.reset()

    def reset(self):
        self.correct, self.samples = 0, 0
        self.coming: deque = deque()  # counts on their way from a GPU

    def update(self, y, target):
        if y.shape[-1:] == (1,):
            raise ValueError(
                "accuracy asks which of several outputs is largest; for a single one use BinaryAccuracy()"
            )
        if self.ignore_index is not None and target.shape == y.shape[:-1]:
            labels = target.reshape((target.size,))
            kept = np.flatnonzero(labels.numpy() != self.ignore_index)
            y, target = gather(y.reshape((target.size, y.shape[-1])), kept), gather(labels, kept)
        if y.device == "cpu":
            self.correct += count_correct(y, target)
        else:
            self._count_later(y, target)
        self.samples += prod(y.shape[:-1])

    def _count_later(self, y, target):
        self.coming.append(Later(_core.count_correct_there(y, target)))
        self._settle(LATEST)

    def _settle(self, behind):
        while len(self.coming) > behind:
            self.correct += int(self.coming.popleft().value())

    def result(self):
        self._settle(0)
        return self.correct / self.samples if self.samples else nan
