"""The same network on both sides: strate's layers and PyTorch's modules, with equal initial weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import strate as st
import torch
from torch import nn


@dataclass
class Pair:
    """A network built twice. `images` says whether torch sees NCHW images (strate sees NHWC)."""

    name: str
    ours: st.Sequential
    theirs: nn.Module
    input_shape: tuple[int, ...]
    classes: int = 10
    flattened: tuple[int, int, int] | None = None

    def batch(self, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(size, *self.input_shape)).astype("float32")
        return x, rng.integers(0, self.classes, size)

    def torch_input(self, x: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x)


def _weights(layer) -> tuple[np.ndarray, np.ndarray]:
    return np.array(layer.weight.numpy()), np.array(layer.bias.numpy())


def _to_torch_order(weight: np.ndarray, images: tuple[int, int, int] | None) -> np.ndarray:
    """Convolution (out, kh, kw, in) to (out, in, kh, kw); the first dense layer after a flattened (H, W, C) map to (C, H, W)."""
    if weight.ndim == 4:
        return weight.transpose(0, 3, 1, 2)
    if images is not None:
        h, w, c = images
        return weight.reshape(-1, h, w, c).transpose(0, 3, 1, 2).reshape(weight.shape)
    return weight


def torch_order(arrays: list[np.ndarray], flattened: tuple[int, int, int] | None) -> list[np.ndarray]:
    """Parameters or gradients of strate, weight and bias in turn, in the order of torch's axes."""
    out, first_dense = [], True
    for array in arrays:
        images = None
        if array.ndim == 2 and first_dense:
            images, first_dense = flattened, False
        out.append(np.ascontiguousarray(_to_torch_order(array, images)))
    return out


def _copy(pair: Pair, flattened: tuple[int, int, int] | None) -> Pair:
    arrays = [a for layer in parametric(pair.ours) for a in _weights(layer)]
    with torch.no_grad():
        for parameter, array in zip(pair.theirs.parameters(), torch_order(arrays, flattened), strict=True):
            parameter.copy_(torch.from_numpy(array))
    pair.flattened = flattened
    return pair


def parametric(model: st.Sequential) -> list:
    """The layers that have weights."""
    return [layer for layer in model.layers if hasattr(layer, "weight")]


def mlp() -> Pair:
    """784-512-256-10 with ReLU."""
    ours = st.Sequential(
        [st.Dense(512, activation="relu"), st.Dense(256, activation="relu"), st.Dense(10)],
        input_shape=(784,),
        seed=0,
    )
    theirs = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    return _copy(Pair("MLP 784-512-256-10", ours, theirs, (784,)), None)


def lenet5() -> Pair:
    """LeNet-5 with ReLU and max pooling on 28x28x1."""
    ours = st.Sequential(
        [
            st.Conv2D(6, 5, padding=2, activation="relu"),
            st.MaxPool2D(2),
            st.Conv2D(16, 5, activation="relu"),
            st.MaxPool2D(2),
            st.Flatten(),
            st.Dense(120, activation="relu"),
            st.Dense(84, activation="relu"),
            st.Dense(10),
        ],
        input_shape=(28, 28, 1),
        seed=0,
    )
    theirs = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip
    return _copy(Pair("LeNet-5", ours, theirs, (28, 28, 1)), (5, 5, 16))


NETS: dict[str, Callable[[], Pair]] = {"mlp": mlp, "lenet5": lenet5}
