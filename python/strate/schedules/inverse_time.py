from __future__ import annotations

from strate.schedules.schedule import Schedule, positive


class InverseTime(Schedule):
    """rate(e) = rate / (1 + decay * e): the classical step of stochastic gradient descent.

    >>> [st.schedules.InverseTime(1.0, decay=1.0)(e) for e in (0, 1, 3)]
    [1.0, 0.5, 0.25]
    """

    def __init__(self, rate: float, decay: float = 0.1):
        self.rate, self.decay = positive("rate", rate), positive("decay", decay)

    def __call__(self, epoch):
        return self.rate / (1 + self.decay * epoch)
