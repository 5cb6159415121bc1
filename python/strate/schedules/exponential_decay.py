from __future__ import annotations

from strate.schedules.schedule import Schedule, positive


class ExponentialDecay(Schedule):
    """rate(e) = rate * factor^e.

    >>> [st.schedules.ExponentialDecay(1.0, factor=0.5)(e) for e in range(3)]
    [1.0, 0.5, 0.25]
    """

    def __init__(self, rate: float, factor: float = 0.95):
        self.rate, self.factor = positive("rate", rate), positive("factor", factor)

    def __call__(self, epoch):
        return self.rate * self.factor**epoch
