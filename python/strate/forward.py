"""A batch through a model to its loss."""

from __future__ import annotations

from typing import NamedTuple

from strate.losses import Loss
from strate.losses.masked import loss_of
from strate.tensor import Tensor


class Outcome(NamedTuple):
    """What a batch gave.

    Attributes:
        value: the loss.
        dy: its gradient by the model's outputs (logits if the loss takes over the activation).
        y, target: what the loss was given: under a mask, the positions that count.
    """

    value: float
    dy: Tensor
    y: Tensor
    target: Tensor


def forward_for(loss: Loss, model, x: Tensor, training: bool) -> Tensor:
    """What a model gives its loss for a batch: logits where the loss takes over the activation."""
    logits = loss.takes_over(model.output_activation)
    return model.forward_logits(x, training) if logits else model.forward(x, training)


def forward_and_loss(model, loss: Loss, x: Tensor, target: Tensor, training: bool) -> Outcome:
    """A batch forward, and its loss.

    In training the loss has the auxiliary heads' in it, whose backward is then done.
    """
    mask = None
    if model.makes_mask:
        y, mask = model.forward_masked(x, None, training, loss.takes_over(model.output_activation))
    else:
        y = forward_for(loss, model, x, training)
    value, dy, *seen = loss_of(loss, y, target, mask)
    if training:
        for auxiliary in model.auxiliaries:
            value += auxiliary.learn(loss, target)
    return Outcome(value, dy, *seen)
