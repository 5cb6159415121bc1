from __future__ import annotations

from strate.metrics.metric import Metric


class BinaryAccuracy(Metric):
    """Fraction of outputs on the right side of a threshold, each a class of its own.

    Targets are 0 or 1, or -1 or 1; one above 1/2 asks for an output above the threshold.

    Args:
        from_logits: whether outputs are logits, whose threshold is 0, instead of probabilities,
            whose threshold is 1/2. Default: False.

    >>> accuracy = st.BinaryAccuracy()
    >>> accuracy.update(st.tensor([[0.1], [0.8]]), st.tensor([[1.0], [1.0]]))
    >>> accuracy.result()
    0.5
    """

    name = "accuracy"

    def __init__(self, from_logits: bool = False):
        self.takes_logits = bool(from_logits)
        self.reset()

    def reset(self):
        self.correct, self.outputs = 0, 0

    def update(self, y, target):
        y, target = y.numpy(), target.numpy()
        right = (y > (0 if self.takes_logits else 0.5)) == (target > 0.5)
        self.correct += int((right & (y == y)).sum())  # NaN is on neither side
        self.outputs += y.size

    def result(self):
        return self.correct / self.outputs
