"""A loss on the positions that count."""

from __future__ import annotations

from math import prod

import numpy as np

from strate import _core
from strate.losses.loss import Loss
from strate.tensor import Tensor, as_tensor, empty, from_numpy


def loss_of(
    loss: Loss, y: Tensor, target: Tensor, mask: Tensor | None
) -> tuple[float, Tensor, Tensor, Tensor]:
    """(J, dy, y, target), the last two as the loss saw them.

    Without a mask they are y and target themselves. With one, (N, T), every position where it is not 0 is a
    sample of its own: the loss gets those, (M, ...), and nothing of the others, so a mean divides by the
    number of positions that count. dy is zero elsewhere.

    Raises:
        ValueError: a target without the positions that the mask is of; a gradient in another shape than y.
    """
    if target.device != y.device:
        target = target.to(y.device)
    if mask is None:
        value, dy = on(loss, y, target)
        return value, dy, y, target
    if target.shape[:2] != mask.shape:
        raise ValueError(
            f"padding is left out of the loss position by position, so the target begins with {mask.shape}; "
            f"got target shape {target.shape}"
        )
    rows = from_numpy(np.flatnonzero(mask.numpy()))
    kept, wanted = (
        _core.gather(t.contiguous().reshape((mask.size, *t.shape[2:])), rows) for t in (y, target)
    )
    value, dkept = on(loss, kept, wanted)
    rows = rows.to(y.device)
    dy = empty((mask.size, prod(y.shape[2:])), y.dtype, y.device)
    _core.embedding_backward(dkept.contiguous().reshape((len(rows), dy.shape[1])), rows, dy)
    return value, dy.reshape(y.shape), kept, wanted


def on(loss: Loss, y: Tensor, target: Tensor) -> tuple[float, Tensor]:
    """A loss and its gradient, checked."""
    value, dy = loss(y, target)
    if type(dy) is not Tensor or dy.dtype != y.dtype:
        dy = as_tensor(dy, y.dtype, y.device)
    if dy.shape != y.shape:
        raise ValueError(
            f"{type(loss).__name__} returns a gradient in the shape of y, {y.shape}; got shape={dy.shape}"
        )
    return float(value), dy
