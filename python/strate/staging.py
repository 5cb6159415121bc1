"""Batches of a data set, one after the other; for a GPU that does not hold the data, staged one ahead.

Such a batch is gathered on the host, into pinned memory, and a second stream copies it to the device while
the step with the batch before computes there. It has the same bits as one gathered on the device.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from strate.batches import images, inputs
from strate.cuda import Transfer, pinned
from strate.ops.gather import gather
from strate.tensor import Tensor, from_numpy

SLOTS = 2  # batches in pinned memory: one is filled while another is copied


class Drawing:
    """How rows of a data set become a batch.

    Args:
        x, target: the data; None for a target that is not wanted.
        dtype: of inputs in a batch.
        augment, random: as `inputs` takes them.
    """

    def __init__(self, x: Tensor, target: Tensor | None, dtype: str, augment=None, random=None):
        self.x, self.target, self.dtype, self.augment, self.random = x, target, dtype, augment, random

    def stays_behind(self, device: str) -> bool:
        """Whether the data lie on the host and batches are wanted elsewhere."""
        given = (self.x,) if self.target is None else (self.x, self.target)
        return device != "cpu" and all(part.device == "cpu" for part in given)

    def draw(self, rows: Tensor, x: Tensor | None = None, target: Tensor | None = None):
        """Inputs and targets of a batch, written to memory that is given or made for it."""
        x = inputs(self.x, rows, self.dtype, self.augment, self.random, x)
        return x, None if self.target is None else gather(self.target, rows, out=target)


class Slot:
    """Pinned memory for a batch of up to so many rows, and the way from there to the device."""

    def __init__(self, drawing: Drawing, count: int):
        x, target = drawing.x, drawing.target
        self.drawing, self.transfer = drawing, Transfer()
        self.x = pinned((count, *x.shape[1:]), drawing.dtype)
        self.target = None if target is None else pinned((count, *target.shape[1:]), target.dtype)

    def send(self, rows: Tensor):
        """The batch as it will be on the device, for work queued after `transfer.follow()`."""
        self.transfer.wait()  # the batch before has left this memory
        count = len(rows)
        target = None if self.target is None else self.target[:count]
        batch = self.drawing.draw(rows, self.x[:count], target)
        return tuple(None if part is None else self.transfer.send(part) for part in batch)


def drawn(drawing: Drawing, parts: Iterable[Tensor], device: str) -> Iterator[tuple]:
    """(rows, inputs, targets) for one part of the rows after the other.

    To be closed when it is left early: copies under way are then waited for.
    """
    if drawing.stays_behind(device):
        return staged(drawing, parts)
    return ((rows, *drawing.draw(rows)) for rows in parts)


def consecutive(drawing: Drawing, batch_size: int, device: str) -> Iterator[tuple]:
    """The same for all rows in order: views of the data where nothing has to be done to them."""
    x, target, order = drawing.x, drawing.target, from_numpy(np.arange(len(drawing.x)))
    if drawing.stays_behind(device) and len(order) > batch_size:
        return staged(drawing, split(order, batch_size))
    return (
        (
            order[begin : begin + batch_size],
            images(x, begin, min(begin + batch_size, len(x)), drawing.dtype),
            None if target is None else target[begin : begin + batch_size],
        )
        for begin in range(0, len(x), batch_size)
    )


def split(order: Tensor, batch_size: int) -> Iterator[Tensor]:
    """Parts of so many rows; the last may be smaller."""
    return (order[begin : begin + batch_size] for begin in range(0, len(order), batch_size))


def staged(drawing: Drawing, parts: Iterable[Tensor]) -> Iterator[tuple]:
    """Batches on the device, each sent before work is queued on the one before it."""
    slots, ahead = [], None
    try:
        for number, rows in enumerate(parts):
            if number < SLOTS:
                slots.append(Slot(drawing, len(rows)))
            slot = slots[number % SLOTS]
            sent = slot, rows, *slot.send(rows)
            if ahead:
                yield arrived(*ahead)
            ahead = sent
        if ahead:
            yield arrived(*ahead)
    finally:
        for slot in slots:
            slot.transfer.wait()


def arrived(slot: Slot, *batch) -> tuple:
    """The batch, for which the work that follows waits."""
    slot.transfer.follow()
    return batch
