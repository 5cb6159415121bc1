"""The base of every optimiser: what changes theta."""

from __future__ import annotations

from math import isfinite

import numpy as np

from strate import schedules
from strate.tensor import Tensor, from_numpy


class Optimizer:
    """One step: theta changes in place, by the gradient and the epoch's learning rate.

    An optimiser of your own writes `update`; `theta.numpy()` and `gradient.numpy()` are views (for a
    model on a GPU, of copies on the CPU, which are then copied back)::

        class SignDescent(st.Optimizer):
            def update(self, theta, gradient):
                theta.numpy()[:] -= self.rate * numpy.sign(gradient.numpy())

    Parameters of layers that are not trainable are put back after `update`.

    Args:
        learning_rate: a number, a function of the epoch, or a schedule.
        clip_norm: largest length of the gradient over all that is trained; a longer one is scaled
            down to it (Pascanu, Mikolov, Bengio, 2013). Default: None, no limit.
        clip_value: largest magnitude of a component; what is beyond is cut off. Default: None.
    Raises:
        ValueError: a limit that is not above 0, or both limits.

    `model.gradient` holds the gradient as backward wrote it; `update` is given the clipped one, and
    strate's own optimisers clip as they read it.

    Attributes:
        learning_rate: the schedule.
        rate: this epoch's learning rate.
        segments: rows (begin, end, decays) of the trained parts of theta.
    """

    decay_biases = True
    capturable = False  # True asserts that a step depends on tensors alone, and may be recorded

    def __init__(self, learning_rate, *, clip_norm: float | None = None, clip_value: float | None = None):
        self.learning_rate = schedules.get(learning_rate)
        self.clip_norm, self.clip_value = limit("clip_norm", clip_norm), limit("clip_value", clip_value)
        if clip_norm is not None and clip_value is not None:
            raise ValueError(
                f"give clip_norm or clip_value; got clip_norm={clip_norm}, clip_value={clip_value}"
            )
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
        theta = model.theta.to("cpu")
        frozen = [(begin, end, theta[begin:end].copy()) for begin, end in gaps(self.segments, theta.size)]
        self.update(theta, self.clipped(model.gradient.to("cpu")))
        for begin, end, values in frozen:
            theta[begin:end] = values
        if model.device != "cpu":
            model.theta.copy_from(theta)

    def clipped(self, gradient: Tensor) -> Tensor:
        """The gradient within `clip_norm` and `clip_value`; itself without a limit."""
        if self.clip_norm is None and self.clip_value is None:
            return gradient
        g = gradient.numpy()
        if self.clip_value is not None:
            return from_numpy(np.clip(g, -self.clip_value, self.clip_value))
        trained = [g[begin:end].astype(np.float64) for begin, end, _ in self.segments]
        norm = float(np.sqrt(sum(float(part @ part) for part in trained)))
        return from_numpy(g * g.dtype.type(min(1.0, self.clip_norm / norm) if norm else 1.0))

    def described(self, **arguments) -> str:
        """`Name(learning_rate=..., argument=value)` for `repr`: those given, and the limits that are set."""
        limits = {"clip_norm": self.clip_norm, "clip_value": self.clip_value}
        arguments |= {name: value for name, value in limits.items() if value is not None}
        parts = [f"learning_rate={self.learning_rate!r}"]
        parts += [f"{k}={v:g}" if isinstance(v, float) else f"{k}={v!r}" for k, v in arguments.items()]
        return f"{type(self).__name__}({', '.join(parts)})"

    def __repr__(self) -> str:
        return self.described()


def limit(name: str, value: float | None) -> float | None:
    """`value` as a float if it is a limit, above 0."""
    if value is None:
        return None
    value = float(value)
    if not (isfinite(value) and value > 0):
        raise ValueError(f"{name} is a finite number above 0, or None; got {name}={value}")
    return value


def segments(model, decay_biases: bool, joined: bool = True) -> list[list[int]]:
    """Rows (begin, end, decays) of theta that are trained, one for each parameter, or neighbours joined.

    A row reaches over the zero gap after a parameter, where every update is zero.
    """
    rows: list[list[int]] = []
    places = model.places()
    ends = [place.begin for place in places[1:]] + [model.theta.size]
    for place, end in zip(places, ends, strict=True):
        if not place.layer.trainable:
            continue
        decays = int(decay_biases or place.declared.decay)
        if joined and rows and rows[-1][1:] == [place.begin, decays]:
            rows[-1][1] = end
        else:
            rows.append([place.begin, end, decays])
    return rows


def gaps(rows: list[list[int]], size: int) -> list[tuple[int, int]]:
    """What the rows leave out of 0 ... size."""
    edges = [0, *(edge for row in rows for edge in row[:2]), size]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
