"""The base of every optimiser: what changes theta."""

from __future__ import annotations

from strate import schedules
from strate.tensor import Tensor


class Optimizer:
    """One step: theta changes in place, by the gradient and the epoch's learning rate.

    An optimiser of your own writes `update`; `theta.numpy()` and `gradient.numpy()` are views::

        class SignDescent(st.Optimizer):
            def update(self, theta, gradient):
                theta.numpy()[:] -= self.rate * numpy.sign(gradient.numpy())

    Parameters of layers that are not trainable are put back after `update`.

    Attributes:
        learning_rate: the schedule.
        rate: this epoch's learning rate.
        segments: rows (begin, end, decays) of the trained parts of theta.
    """

    decay_biases = True

    def __init__(self, learning_rate):
        self.learning_rate = schedules.get(learning_rate)
        self.rate = self.learning_rate(0)
        self.segments: list[list[int]] = []

    def update(self, theta: Tensor, gradient: Tensor) -> None:
        """Change theta in place."""
        raise NotImplementedError(f"{type(self).__name__} has no update(theta, gradient)")

    def start(self, model) -> None:
        """Get ready for a model, before the first step; make here what is kept from step to step."""

    def follow(self, model) -> None:
        """Take note of which layers are trained, before each epoch."""
        self.segments = segments(model, self.decay_biases)

    def set_epoch(self, epoch: int) -> None:
        """Take the learning rate of an epoch, counted from 0."""
        self.rate = self.learning_rate(epoch)

    def step(self, model) -> None:
        """`update`, leaving what is not trained as it was."""
        theta = model.theta.numpy()
        frozen = [(begin, end, theta[begin:end].copy()) for begin, end in gaps(self.segments, theta.size)]
        self.update(model.theta, model.gradient)
        for begin, end, values in frozen:
            theta[begin:end] = values


def segments(model, decay_biases: bool) -> list[list[int]]:
    """Rows (begin, end, decays) of theta that are trained, neighbours of a kind joined.

    A row reaches over the zero gap after a parameter, where every update is zero.
    """
    rows: list[list[int]] = []
    places = model.places()
    ends = [place.begin for place in places[1:]] + [model.theta.size]
    for place, end in zip(places, ends, strict=True):
        if not place.layer.trainable:
            continue
        decays = int(decay_biases or place.declared.decay)
        if rows and rows[-1][1:] == [place.begin, decays]:
            rows[-1][1] = end
        else:
            rows.append([place.begin, end, decays])
    return rows


def gaps(rows: list[list[int]], size: int) -> list[tuple[int, int]]:
    """What the rows leave out of 0 ... size."""
    edges = [0, *(edge for row in rows for edge in row[:2]), size]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
