"""Whether all sides compute the same training step; asked before any timing.

An error is max|a - b| / max|b|, the worst of all parameters' gradients.

In float32 rounding decides some signs before a ReLU, on every side, and in a deep net that changes gradients
by some per cent while every kernel is within its bound. So gradients are compared with PyTorch's in float64,
where the two nets agree to ten digits or are not the same; and strate's in float32, convolutions computed
directly, may be six times as far from that as PyTorch's in float32 are (VGG-16 at 224x224: 4.3).
Losses are compared in float32 with the convolutions that are timed; so are gradients, up to what signs can
do: a wrong one is off by half.
"""

from __future__ import annotations

import numpy as np
import torch

import strate as st
from strate import losses
from strate.forward import forward_and_loss
from strate.gradients import in_float64

from . import torch_step, weights
from .nets import Pair

TOLERANCE, TOLERANCE_FLOAT64, SIGNS = 1e-4, 1e-8, 0.3


def check(pair: Pair, x: np.ndarray, y: np.ndarray, others: dict) -> dict[str, float]:
    """The errors.

    Args:
        pair: without dropout, whose masks differ from one side to the other.
        others: modules of peers besides PyTorch; each is compared in float32, if it applies.
    Raises:
        SystemExit: the sides disagree.
    """
    found = {**_float32(pair, x, y, others), "gradient float64": _float64(pair, x, y)}
    limits = {name: TOLERANCE for name in found} | {
        "gradient": max(TOLERANCE, 6 * found["gradient of torch"]),
        "gradient of torch": 1.0,
        "gradient timed": SIGNS,
        "gradient float64": TOLERANCE_FLOAT64,
    }
    if not all(found[name] <= limits[name] for name in found):
        raise SystemExit(f"{pair.name}, batch {len(x)}: the sides disagree: {found}")
    return found


def _float32(pair: Pair, x: np.ndarray, y: np.ndarray, others: dict) -> dict[str, float]:
    timed = _learn(pair, x, y)
    gradients_timed = weights.gradients(pair.ours)
    st.set_convolution("direct")
    direct = _learn(pair, x, y)
    st.set_convolution("auto")
    ours = weights.gradients(pair.ours)
    loss, gradients = torch_step.loss_and_gradients(pair, x, y)
    _, exact = torch_step.loss_and_gradients(pair, x, y, torch.float64)
    errors = {
        "loss": _relative(timed, loss),
        "loss direct": _relative(direct, loss),
        "gradient": _worst(weights.torch_order(ours, pair.flattened), exact),
        "gradient timed": _worst(weights.torch_order(gradients_timed, pair.flattened), exact),
        "gradient of torch": _worst(gradients, exact),
    }
    for name, peer in others.items():
        if peer.applies(pair):
            loss, gradients = peer.loss_and_gradients(pair, x, y)
            errors[f"loss, {name}"] = _relative(timed, loss)
            errors[f"gradient, {name}"] = _worst(ours, gradients)
    return errors


def _float64(pair: Pair, x: np.ndarray, y: np.ndarray) -> float:
    model = pair.ours
    with in_float64(model):
        given = st.tensor(x.astype("float64"))
        model.backward(forward_and_loss(model, losses.get("cross_entropy"), given, st.tensor(y), True).dy)
        ours = weights.gradients(model)
    _, theirs = torch_step.loss_and_gradients(pair, x, y, torch.float64)
    return _worst(weights.torch_order(ours, pair.flattened), theirs)


def _learn(pair: Pair, x: np.ndarray, y: np.ndarray) -> float:
    return pair.ours.train_on_batch(x, y, loss="cross_entropy", optimizer=st.SGD(0.0))


def _relative(ours: float, theirs: float) -> float:
    return abs(ours - theirs) / abs(theirs)


def _worst(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(ours, theirs, strict=True))
