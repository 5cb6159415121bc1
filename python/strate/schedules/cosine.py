from __future__ import annotations

from math import cos, pi

from strate.schedules.schedule import Schedule, count, positive


class Cosine(Schedule):
    """Half a cosine from rate, at epoch 0, to end, reached after the last of the epochs and kept.

    rate(e) = end + (rate - end) (1 + cos(pi e / epochs)) / 2 (Loshchilov and Hutter, 2017).

    >>> [round(st.schedules.Cosine(1.0, epochs=4)(e), 3) for e in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, rate: float, epochs: int, end: float = 0.0):
        self.rate, self.epochs, self.end = (
            positive("rate", rate),
            count("epochs", epochs),
            positive("end", end),
        )

    def __call__(self, epoch):
        done = min(1.0, epoch / self.epochs)
        return self.end + (self.rate - self.end) * (1 + cos(pi * done)) / 2
