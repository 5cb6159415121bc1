"""One training step of each contestant: forward, loss, backward, SGD with momentum, one resident batch."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

import strate as st

from .nets import Pair, parametric, torch_order

LEARNING_RATE, MOMENTUM = 1e-4, 0.9


def our_step(pair: Pair, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """strate: `train_on_batch`, the loss read at each step."""
    optimizer = st.SGD(LEARNING_RATE, momentum=MOMENTUM)
    images, labels = st.tensor(x), st.tensor(y)
    return lambda: pair.ours.train_on_batch(images, labels, loss="cross_entropy", optimizer=optimizer)


def _their_step(net: nn.Module, x: torch.Tensor, y: torch.Tensor, fused: bool) -> Callable[[], object]:
    optimizer = torch.optim.SGD(net.parameters(), LEARNING_RATE, momentum=MOMENTUM, fused=fused)
    criterion = nn.CrossEntropyLoss()

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def their_steps(
    pair: Pair, x: np.ndarray, y: np.ndarray, *, compiled: bool = True
) -> dict[str, Callable[[], object]]:
    """PyTorch in each of its usual forms; the fastest counts."""
    data, labels = pair.torch_input(x), torch.from_numpy(y)
    steps = {
        "torch": _their_step(copy.deepcopy(pair.theirs), data, labels, fused=False),
        "torch fused": _their_step(copy.deepcopy(pair.theirs), data, labels, fused=True),
    }
    if data.ndim == 4:
        last = torch.channels_last
        net = copy.deepcopy(pair.theirs).to(memory_format=last)
        steps["torch channels-last fused"] = _their_step(net, data.to(memory_format=last), labels, fused=True)
    if compiled:
        net = torch.compile(copy.deepcopy(pair.theirs))
        steps["torch compiled fused"] = _their_step(net, data, labels, fused=True)
    return steps


def largest_difference(pair: Pair, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Loss and gradients of both sides on one batch, as max|a - b| / max|b|; checked before any timing.

    Gradients are compared with convolutions computed directly. In a deep net rounding decides some signs
    before a ReLU, on both sides: that changes gradients by a per cent while every kernel is within its
    bound. The loss is compared with the convolutions that are timed as well.
    """
    net = copy.deepcopy(pair.theirs)
    loss = nn.CrossEntropyLoss()(net(pair.torch_input(x)), torch.from_numpy(y))
    loss.backward()

    def relative(value: float) -> float:
        return abs(value - loss.item()) / abs(loss.item())

    timed = pair.ours.train_on_batch(x, y, loss="cross_entropy", optimizer=st.SGD(0.0))
    st.set_convolution("direct")
    direct = pair.ours.train_on_batch(x, y, loss="cross_entropy", optimizer=st.SGD(0.0))
    st.set_convolution("auto")
    ours = [np.array(g.numpy()) for layer in parametric(pair.ours) for g in (layer.dweight, layer.dbias)]
    worst = 0.0
    for mine, parameter in zip(torch_order(ours, pair.flattened), net.parameters(), strict=True):
        theirs = parameter.grad.numpy()
        worst = max(worst, float(np.abs(mine - theirs).max() / np.abs(theirs).max()))
    return {"loss": relative(timed), "loss direct": relative(direct), "gradient": worst}
