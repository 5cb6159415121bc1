"""Inference with PyTorch in each of its usual forms, batch normalisation folded into the convolutions."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.fx.experimental.optimization import fuse

from .nets import Pair

Predict = Callable[[], np.ndarray]


def network(pair: Pair) -> nn.Module:
    """What `pair.ours.predict` computes, for inference: with a softmax where ours has one."""
    net = copy.deepcopy(pair.theirs)
    if pair.ours.output_activation == "softmax":
        net.append(nn.Softmax(1))
    return net.eval()


def _prediction(net: nn.Module, x: torch.Tensor) -> Predict:
    def predict() -> np.ndarray:
        with torch.inference_mode():
            return net(x).numpy()

    return predict


def _frozen(net: nn.Module, x: torch.Tensor) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and often still the fastest
        return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x)))


def predictions(pair: Pair, x: np.ndarray, *, compiled: bool) -> dict[str, Predict]:
    """By name; the fastest counts."""
    net, data = network(pair), pair.torch_input(x)
    folded = fuse(net)
    forms = {
        "torch": _prediction(folded, data),
        "torch frozen": _prediction(_frozen(net, data), data),
    }
    kinds = {"torch compiled": (folded, data)}
    if data.ndim == 4:
        last = data.to(memory_format=torch.channels_last)
        net = copy.deepcopy(folded).to(memory_format=torch.channels_last)
        forms["torch channels-last"] = _prediction(net, last)
        kinds["torch compiled channels-last"] = (net, last)
    if compiled:
        import torch._inductor.config as inductor

        inductor.freezing = True  # weights may be laid out anew when compiled
        forms |= {name: _prediction(torch.compile(net), data) for name, (net, data) in kinds.items()}
    return forms
