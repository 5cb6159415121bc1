from __future__ import annotations

from strate.schedules.schedule import Schedule, count, positive


class Linear(Schedule):
    """A straight line from rate, at epoch 0, to end, reached at the last of the epochs and kept.

    >>> [st.schedules.Linear(1.0, epochs=3)(e) for e in range(4)]
    [1.0, 0.5, 0.0, 0.0]
    """

    def __init__(self, rate: float, epochs: int, end: float = 0.0):
        self.rate, self.epochs, self.end = (
            positive("rate", rate),
            count("epochs", epochs),
            positive("end", end),
        )

    def __call__(self, epoch):
        done = min(1.0, epoch / max(1, self.epochs - 1))
        return self.rate + (self.end - self.rate) * done
