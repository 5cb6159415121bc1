"""A batch through a model to its loss."""

from __future__ import annotations

from strate.losses import Loss
from strate.tensor import Tensor, as_tensor


def forward_and_loss(
    model, loss: Loss, x: Tensor, target: Tensor, training: bool
) -> tuple[Tensor, float, Tensor]:
    """Outputs (logits if the loss takes those), the loss, and its gradient by the outputs.

    In training the loss has the auxiliary heads' in it, whose backward is then done.
    """
    y = model.forward_logits(x, training) if loss.takes_logits else model.forward(x, training)
    value, dy = loss(y, target)
    if type(dy) is not Tensor or dy.dtype != y.dtype:
        dy = as_tensor(dy, y.dtype)
    if dy.shape != y.shape:
        raise ValueError(
            f"{type(loss).__name__} returns a gradient in the shape of y, {y.shape}; got shape={dy.shape}"
        )
    value = float(value)
    if training:
        for auxiliary in model.auxiliaries:
            value += auxiliary.learn(loss, target)
    return y, value, dy
