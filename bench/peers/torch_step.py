"""The training step of PyTorch in each of its usual forms."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from .nets import Pair

Step = Callable[[], object]


def _step(
    net: nn.Module, x: torch.Tensor, y: torch.Tensor, learning_rate: float, momentum: float, fused: bool
) -> Step:
    optimizer = torch.optim.SGD(net.parameters(), learning_rate, momentum=momentum, fused=fused)
    criterion = nn.CrossEntropyLoss()

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def steps(
    pair: Pair, x: np.ndarray, y: np.ndarray, learning_rate: float, momentum: float, *, compiled: bool
) -> dict[str, Step]:
    """By name; the fastest counts."""
    data, labels = pair.torch_input(x), torch.from_numpy(y)

    def step(net: nn.Module, data: torch.Tensor, fused: bool = True) -> Step:
        return _step(net, data, labels, learning_rate, momentum, fused)

    forms = {
        "torch": step(copy.deepcopy(pair.theirs), data, fused=False),
        "torch fused": step(copy.deepcopy(pair.theirs), data),
    }
    if compiled:
        forms["torch compiled fused"] = step(torch.compile(copy.deepcopy(pair.theirs)), data)
    if data.ndim == 4:
        last = data.to(memory_format=torch.channels_last)
        net = copy.deepcopy(pair.theirs).to(memory_format=torch.channels_last)
        forms["torch channels-last fused"] = step(net, last)
        if compiled:
            net = torch.compile(copy.deepcopy(net))
            forms["torch compiled channels-last fused"] = step(net, last)
    return forms


def loss_and_gradients(
    pair: Pair, x: np.ndarray, y: np.ndarray, dtype: torch.dtype = torch.float32
) -> tuple[float, list[np.ndarray]]:
    """On one batch; gradients with torch's axes."""
    net = copy.deepcopy(pair.theirs).to(dtype)
    loss = nn.CrossEntropyLoss()(net(pair.torch_input(x).to(dtype)), torch.from_numpy(y))
    loss.backward()
    return loss.item(), [parameter.grad.numpy() for parameter in net.parameters()]
