from __future__ import annotations

from strate.schedules.schedule import Schedule, count, positive


class StepDecay(Schedule):
    """rate(e) = rate * factor^floor(e / every).

    >>> [st.schedules.StepDecay(1.0, factor=0.5, every=2)(e) for e in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, rate: float, factor: float = 0.1, every: int = 10):
        self.rate, self.factor, self.every = (
            positive("rate", rate),
            positive("factor", factor),
            count("every", every),
        )

    def __call__(self, epoch):
        return self.rate * self.factor ** (epoch // self.every)
