"""NaN and infinity: finding where in a step they came from."""

from __future__ import annotations

from functools import partial
from math import isfinite

import numpy as np

from strate.forward import forward_and_loss
from strate.layers import tree
from strate.layers.replaced import Replaced
from strate.ops.finite import all_finite, take_nonfinite
from strate.tensor import as_tensor


class NonFiniteError(ArithmeticError):
    """Training met NaN or infinity; theta is as it was before that step.

    Attributes:
        epoch, batch: where, counted from 1.
        history: of the epochs before.
    """

    epoch: int | None = None
    batch: int | None = None
    history = None


def report(model, loss, x, target, rows=None) -> str:
    """Repeat a step that went wrong, layer by layer, and say what was not finite first.

    Args:
        model: with the weights and the random counter of that step's start.
        loss, x, target: of the step.
        rows: places of the batch in the data, if known.
    """
    memory = model._memory()
    if not all_finite(x):
        return f"the input holds NaN or infinity{first_row(x, rows)}"
    if target.dtype in ("float32", "float64") and not all_finite(target):
        return f"the target holds NaN or infinity{first_row(target, rows)}"
    for place in memory.parameters:
        if not all_finite(place.view(memory.theta)):
            return f"parameter {place.path} is not finite, and was so before this step"
    memory.rewind(memory.steps - 1)
    try:
        with np.errstate(all="ignore"), Watch(model) as watch:
            return repeat(model, loss, x, target, watch)
    finally:
        take_nonfinite(memory.gradient)


def repeat(model, loss, x, target, watch: Watch) -> str:
    """The step again, under watch."""
    try:
        value, dy, *_ = forward_and_loss(model, loss, x, target, True)
        if not isfinite(value):
            return f"the loss is {value}, though every layer's output is finite"
        if not all_finite(dy):
            return "the gradient of the loss by the outputs is not finite"
        model.backward(dy)
    except Found as found:
        return str(found)
    return "NaN or infinity that did not come back when the step was repeated"


class Found(Exception):
    """Ends the repeated step."""


class Watch:
    """While entered, every layer checks what it returns and the gradients that it writes."""

    def __init__(self, model):
        self.model = model
        self.layers = [(path, layer) for path, layer in tree.walk(model) if path]
        self.replaced = Replaced()

    def __enter__(self) -> Watch:
        for path, layer in self.layers:
            name = tree.where(self.model, path)
            for method in ("forward", "forward_logits"):
                self.replaced.put(layer, method, partial(self._forward, layer, name))
            self.replaced.put(layer, "backward", partial(self._backward, layer, name))
        return self

    def __exit__(self, *_) -> None:
        self.replaced.restore()

    def _forward(self, layer, name: str, method):
        taken_over = layer.absorbed_by

        def checked(x, *arguments):
            if taken_over is not None and not all_finite(as_tensor(x)):
                # It is called in the middle of the other's forward, whose output is not looked at yet.
                name_before = tree.where(self.model, tree.path_of(self.model, taken_over))
                raise Found(f"the output of {name_before} is the first that is not finite")
            y = method(x, *arguments)
            if not all_finite(as_tensor(y)):
                raise Found(f"the output of {name} is the first that is not finite")
            return y

        return checked

    def _backward(self, layer, name: str, method):
        def checked(dy):
            dx = method(dy)
            for declared in layer._declared if layer.trainable else ():
                if not all_finite(layer.__dict__["d" + declared.name]):
                    raise Found(f"the gradient of {declared.name} in {name} is the first that is not finite")
            if dx is not None and not all_finite(as_tensor(dx)):
                raise Found(f"the gradient that {name} passes on is the first that is not finite")
            return dx

        return checked


def first_row(data, rows) -> str:
    """Which sample it is."""
    values = data.numpy().reshape(len(data), -1)
    row = int(np.flatnonzero(~np.isfinite(values).all(1))[0])
    return f", first in row {row if rows is None else int(rows[row])} of the data"
