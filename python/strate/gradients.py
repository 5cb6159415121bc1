"""Checking gradients: backward against central differences of forward, in float64.

Weights and real inputs are moved a little first: equal pixels and zero biases put max-pooling and
ReLU exactly on their kinks, where there is no derivative to compare with.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from strate import losses
from strate.batches import images
from strate.forward import forward_and_loss
from strate.judge import Labelled
from strate.layers import tree
from strate.layers.buffers import Buffers
from strate.random import JITTER, SAMPLE, permutation, uniform
from strate.tensor import empty, from_numpy
from strate.train import training

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)  # from exact on smooth functions to close beside a kink


@dataclass(frozen=True)
class Checked:
    """One parameter, or the input."""

    name: str
    error: float  # max|backward - difference| / max|difference|
    samples: int  # numbers compared
    kinks: int  # numbers left out because forward has a kink there


class GradientCheck:
    """What `check_gradients` returns; it prints itself.

    Attributes:
        rows: a `Checked` for the input and for every parameter.
        errors: the error of each, by name.
        tolerance: the largest error that counts as right.
    """

    def __init__(self, rows: list[Checked], tolerance: float):
        self.rows, self.tolerance = rows, tolerance
        self.errors = {row.name: row.error for row in rows}

    @property
    def worst(self) -> Checked:
        """The row with the largest error."""
        return max(self.rows, key=lambda row: row.error)

    @property
    def ok(self) -> bool:
        """Whether every error is within the tolerance and everything was compared somewhere."""
        return all(row.error <= self.tolerance and row.samples for row in self.rows)

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        width = max(len(row.name) for row in self.rows)
        lines = [f"{'gradient by':{width}}   largest error  compared"]
        for row in self.rows:
            right = row.error <= self.tolerance and row.samples
            kinks = f", {row.kinks} at kinks left out" if row.kinks else ""
            lines.append(
                f"{row.name:{width}}   {row.error:13.1e}  {row.samples}{kinks}{'' if right else '  WRONG'}"
            )
        return "\n".join([*lines, f"{'right' if self.ok else 'WRONG'} (tolerance {self.tolerance:g})"])


def check_gradients(model, x, y, loss, samples: int, tolerance: float, seed: int) -> GradientCheck:
    """Central differences for some numbers of each parameter and of the input."""
    loss = losses.get(loss)
    model.check_input(np.shape(x) if not hasattr(x, "shape") else tuple(x.shape))
    with training(model), in_float64(model) as memory:
        data = Labelled(model, loss, x, y)
        batch = from_numpy(images(data.x, 0, len(data), "float64").numpy().copy())
        start = memory.steps
        kept = memory.state.numpy().copy()
        for place in memory.parameters:
            jitter(memory.theta.numpy()[place.begin : place.end], 0.01, seed, JITTER + place.begin)
        if not model.whole_numbers and data.x.dtype in ("float32", "float64", "uint8"):
            jitter(batch.numpy().reshape(-1), 0.001, seed, JITTER - 1)

        def run():
            memory.rewind(start)
            memory.state.numpy()[:] = kept
            return forward_and_loss(model, loss, batch, data.target, True)

        dx = model.backward(run().dy).numpy().copy()
        gradient = memory.gradient.numpy().copy()
        scale = max(np.abs(gradient).max(initial=0), np.abs(dx).max(initial=0))
        values = [] if model.whole_numbers else [("input", batch.numpy().reshape(-1), dx.reshape(-1))]
        values += [
            (place.path, memory.theta.numpy()[place.begin : place.end], gradient[place.begin : place.end])
            for place in memory.parameters
        ]
        rows = []
        for ordinal, (name, numbers, analytic) in enumerate(values):
            picked = permutation(numbers.size, seed, SAMPLE + ordinal).numpy()[:samples]
            rows.append(compare(name, numbers, analytic, picked, lambda: run().value, scale, tolerance))
    return GradientCheck(rows, tolerance)


def compare(
    name: str,
    numbers: np.ndarray,
    analytic: np.ndarray,
    picked: np.ndarray,
    value: Callable[[], float],
    scale: float,
    tolerance: float,
) -> Checked:
    """Differences at the picked places of `numbers`, which `value` depends on, against `analytic`.

    Gradients so small that the rounding of a difference would not pass are measured against that rounding.
    """
    found = {int(place): difference(numbers, place, value) for place in picked}
    kept = {place: pair for place, pair in found.items() if pair is not None}
    largest = max((abs(slope) for slope, _ in kept.values()), default=0.0)
    rounding = max((rounding for _, rounding in kept.values()), default=0.0)
    wrong = max((abs(analytic[place] - slope) for place, (slope, _) in kept.items()), default=0.0)
    error = wrong / max(largest, 1e-9 * scale, 2 * rounding / tolerance, 1e-300)
    return Checked(name, float(error), len(kept), len(found) - len(kept))


def difference(numbers: np.ndarray, place: int, value: Callable[[], float]) -> tuple[float, float] | None:
    """The derivative at one place and its rounding error, or None beside a kink.

    Two central differences, of width h and h/2, differ by O(h^2) on a smooth function and by O(1)
    across a kink; together they give the derivative up to O(h^4). A kink at the very place has
    one-sided slopes that stay apart as h shrinks. A kink further off is left behind by a smaller h.
    """
    center, here = numbers[place], value()

    def slopes(h: float) -> tuple[float, float]:
        above, below = center + h, center - h
        numbers[place] = above
        high = value()
        numbers[place] = below
        low = value()
        return (high - low) / (above - below), abs(
            (high - here) / (above - center) - (here - low) / (center - below)
        )

    try:
        for h in (step * max(1.0, abs(center)) for step in STEPS):
            (wide, wide_bend), (narrow, narrow_bend) = slopes(h), slopes(h / 2)
            rounding = 1e-15 * (1 + abs(here)) / h
            agree = abs(wide - narrow) <= 1e-6 * max(abs(wide), abs(narrow)) + rounding
            if agree and narrow_bend <= 0.6 * wide_bend + 4 * rounding:
                return (4 * narrow - wide) / 3, rounding
        return None
    finally:
        numbers[place] = center


def jitter(numbers: np.ndarray, size: float, seed: int, stream: int) -> None:
    """Move numbers a little, away from exact ties."""
    noise = empty((numbers.size,), "float64")
    uniform(noise, -size, size, seed, stream)
    numbers += noise.numpy()


@contextmanager
def in_float64(model):
    """The model in float64 buffers of its own, as a copy of its values; afterwards as before."""
    original = model._memory()
    double = Buffers(model, "float64", original.seed, fill=False)
    double.copy_from(original)
    trainable = [(layer, layer.trainable) for _, layer in tree.walk(model)]
    model._buffers = double
    double.bind()
    try:
        for layer, _ in trainable:
            layer._trainable = True
        yield double
    finally:
        for layer, value in trainable:
            layer._trainable = value
            layer.saved = None
        model._buffers = original
        original.bind()
