from __future__ import annotations

from strate.schedules.schedule import Schedule, count


class Warmup(Schedule):
    """Rises in equal steps over the first epochs, then follows another schedule from its start.

    rate(e) = schedule(0) (e + 1) / (epochs + 1) while e < epochs, then schedule(e - epochs).

    >>> [st.schedules.Warmup(1.0, epochs=3)(e) for e in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(self, schedule, epochs: int):
        from strate.schedules import get

        self.schedule, self.epochs = get(schedule), count("epochs", epochs)

    def __call__(self, epoch):
        if epoch < self.epochs:
            return self.schedule(0) * (epoch + 1) / (self.epochs + 1)
        return self.schedule(epoch - self.epochs)
