"""PyTorch's training step on a GPU in its usual forms, channels last: eager, compiled, as a CUDA graph."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from peers.nets import Pair

Step = Callable[[], object]


def device() -> torch.device:
    """Where PyTorch works: the GPU; the CPU stands in for it where sizes are tiny."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def set_multiply(precision: str) -> None:
    """float32, or products rounded to tf32; bf16 is autocast's, in `_step`."""
    torch.backends.cuda.matmul.allow_tf32 = precision != "float32"
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    torch.backends.cudnn.benchmark = True


def given(pair: Pair, x: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    data = pair.torch_input(x).to(device())
    if data.ndim == 4:
        data = data.to(memory_format=torch.channels_last)
    return data, torch.from_numpy(y).to(device())


def module(pair: Pair) -> nn.Module:
    """A copy of the net on the device, with the pair's weights."""
    net = copy.deepcopy(pair.theirs).to(device())
    return net.to(memory_format=torch.channels_last) if len(pair.input_shape) == 3 else net


def _step(pair: Pair, x, y, precision: str, rate: float, momentum: float, compiled: bool) -> Step:
    net, (data, labels) = module(pair), given(pair, x, y)
    called = torch.compile(net) if compiled else net
    optimizer = torch.optim.SGD(net.parameters(), rate, momentum=momentum, fused=True)
    criterion = nn.CrossEntropyLoss()

    def step() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        narrow = precision == "bf16"
        with torch.autocast(device().type, torch.bfloat16) if narrow else contextlib.nullcontext():
            loss = criterion(called(data), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def _recorded(step: Step) -> Step:
    """The step as a CUDA graph, recorded after some turns on a stream of its own, as PyTorch asks."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def steps(
    pair: Pair, x, y, precision: str, rate: float, momentum: float, *, compiled: bool
) -> dict[str, Step]:
    """By name; the fastest counts."""

    def one(compiled: bool) -> Step:
        return _step(pair, x, y, precision, rate, momentum, compiled)

    forms = {"torch eager": one(False)}
    if torch.cuda.is_available():
        forms["torch graph"] = _recorded(one(False))
    if compiled:
        forms["torch compiled"] = one(True)
        if torch.cuda.is_available():
            forms["torch compiled graph"] = _recorded(one(True))
    return forms


def loss_and_gradients(pair: Pair, x: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """On one batch, in float64."""
    net, (data, labels) = module(pair).double(), given(pair, x, y)
    loss = nn.CrossEntropyLoss()(net(data.double()), labels)
    loss.backward()
    return loss.item(), [parameter.grad.cpu().contiguous().numpy() for parameter in net.parameters()]
