"""Single training steps, one batch after the other; what was checked once is not checked again."""

from __future__ import annotations

from strate import losses
from strate.batches import images
from strate.judge import Labelled
from strate.recorded import step_on_cpu
from strate.step import Step
from strate.train import begin_training, check_optimizer


def train_on_batch(model, x, y, loss, optimizer) -> float:
    """One step, on one batch."""
    asked = model.loss if loss is None else loss, model.optimizer if optimizer is None else optimizer
    if None in asked:
        raise ValueError(f"{model.name} has not been trained yet: give loss= and optimizer=")
    begin_training(model)
    try:
        step = model._step
        if step is None or step.asked != asked or step.memory is not model._buffers:
            loss, optimizer = losses.get(asked[0]), check_optimizer(asked[1])
            data = Labelled(model, loss, x, y)
            step = (step_on_cpu if model.device == "cpu" else Step)(model, loss, optimizer)
            step.asked = asked
            model.loss, model.optimizer, model._step = loss, optimizer, step
        else:
            step.ready()
            known = step.known(x, y)
            if known is not None:
                return step(x, y, known=known).value
            data = Labelled(model, step.loss, x, y)
        return step(images(data.x, 0, len(data), model.dtype), data.target).value
    finally:
        model._training.release()
