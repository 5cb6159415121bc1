"""Using and judging a model: predictions, loss and metrics over a data set."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from strate import losses, metrics
from strate.batches import images, source, targets
from strate.forward import forward_and_loss
from strate.history import Scores
from strate.info import memory_left
from strate.layers import Dense, tree
from strate.losses import Loss
from strate.shapes import text
from strate.staging import Drawing, consecutive
from strate.step import Tally
from strate.tensor import Tensor

NEAR = 1 / 4  # of a device's free memory: what a data set may take to be kept there


class Labelled:
    """Inputs and targets, checked against a model and each other."""

    def __init__(self, model, loss: Loss, x, y, what: str = ""):
        self.x = source(x, model.dtype, model.whole_numbers)
        model.check_input(self.x.shape)
        if len(self.x) == 0:
            raise ValueError(f"there are no {what}data; got x of shape {self.x.shape}")
        loss.check(model.output_activation)
        self.target = checked_targets(model, loss, y)
        if len(self.x) != len(self.target):
            raise ValueError(f"{what}x has {len(self.x)} samples, y has {len(self.target)}")

    def __len__(self) -> int:
        return len(self.x)

    def keep_near(self, device: str) -> None:
        """Move the data to the device where they are learnt from, if they leave most of its memory free."""
        if device == "cpu" or self.x.nbytes + self.target.nbytes > NEAR * memory_left():
            return  # batches are staged
        self.x, self.target = self.x.to(device), self.target.to(device)


def checked_targets(model, loss: Loss, y) -> Tensor:
    """Targets, with a hint where a missing Flatten is why they do not fit."""
    try:
        target = targets(y, model, loss)
    except ValueError as error:
        shape = np.shape(y)
        if len(model.output_shape) <= 1 or len(shape) > len(model.output_shape):
            raise
        for path, layer in tree.walk(model):
            if isinstance(layer, Dense) and len(layer.input_shape) > 1:
                raise ValueError(
                    f"{error}; {tree.where(model, path)} works along the last axis of "
                    f"{text(layer.input_shape)}: put Flatten() before it to let it see the whole sample"
                ) from None
        raise
    if not target.shape:
        raise ValueError("y has one target for every sample; got a single number")
    return target


def predict(model, x, batch_size: int) -> np.ndarray:
    """Outputs for all of x."""
    check_batch_size(batch_size)
    dtype = model.dtype
    data = source(x, dtype, model.whole_numbers)
    model.check_input(data.shape)
    count = len(data)
    if count <= batch_size:
        return model.outputs(images(data, 0, count, dtype))
    y, done = np.empty((count, *model.output_shape), dtype), 0
    with closing(consecutive(Drawing(data, None, dtype), batch_size, model.device)) as batches:
        for _, x, _ in batches:
            y[done : done + len(x)] = model.outputs(x)
            done += len(x)
    return y


def evaluate(model, x, y, batch_size: int, loss, wanted) -> Scores:
    """Loss and metrics over all of x and y."""
    check_batch_size(batch_size)
    loss = model.loss if loss is None else losses.get(loss)
    if loss is None:
        raise ValueError(f"{model.name} has no loss yet: fit it first, or give loss=")
    data = Labelled(model, loss, x, y)
    return Scores(scores(model, loss, data, metrics.get(wanted, loss), batch_size))


def scores(model, loss: Loss, data: Labelled, wanted, batch_size: int) -> dict[str, float]:
    """Values by name, over batches in order."""
    tally = Tally(model, loss, wanted)
    drawing = Drawing(data.x, data.target, model.dtype)
    with closing(consecutive(drawing, batch_size, model.device)) as batches:
        for _, x, target in batches:
            tally.add(forward_and_loss(model, loss, x, target, False))
    return tally.values()


def check_batch_size(batch_size: int) -> None:
    """A batch has at least one sample."""
    if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
        raise ValueError(f"batch_size is a whole number, at least 1; got batch_size={batch_size!r}")
