"""strate's training step as `fit` makes it: on a device recorded once, then replayed."""

from __future__ import annotations

from collections.abc import Callable

import strate as st
from strate import losses
from strate.captured import CapturedStep, step_of

MOMENTUM = 0.9


def step_of_ours(model: st.Sequential, rate: float) -> Callable:
    """f(x, target): one step with cross-entropy and SGD; what it returns has the loss."""
    model.ask_dx(False)
    step = step_of(model, losses.get("cross_entropy"), st.SGD(rate, momentum=MOMENTUM))
    if model.device == "cuda" and not isinstance(step, CapturedStep):
        raise SystemExit(f"{model.name} is not recorded")
    return step
