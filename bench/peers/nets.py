"""The same network on both sides: strate's layers and PyTorch's modules, with equal initial weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

import strate as st

from . import torch_resnet20, weights


@dataclass
class Pair:
    """A network built twice, from the same weights; torch sees images as NCHW, strate as NHWC.

    `ours` may end in a softmax, which a loss takes over; `theirs` ends in logits. `flattened` is what
    (H, W, C) the first dense layer's inputs were.
    """

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


def mlp(dropout: float) -> Pair:
    """784-512-256-10 with ReLU."""
    ours = [st.Dense(512, activation="relu"), st.Dense(256, activation="relu"), st.Dense(10)]
    theirs = [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10)]
    return _pair("MLP 784-512-256-10", ours, theirs, (784,))


def lenet5(dropout: float) -> Pair:
    """LeNet-5 with ReLU and max pooling on 28x28x1."""
    ours = [
        st.Conv2D(6, 5, padding=2, activation="relu"),
        st.MaxPool2D(2),
        st.Conv2D(16, 5, activation="relu"),
        st.MaxPool2D(2),
        st.Flatten(),
        st.Dense(120, activation="relu"),
        st.Dense(84, activation="relu"),
        st.Dense(10),
    ]
    theirs = [
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    ]  # fmt: skip
    return _pair("LeNet-5", ours, theirs, (28, 28, 1), (5, 5, 16))


def _head(inputs: int, units: tuple[int, ...], dropout: float) -> tuple[list, list]:
    """Dense layers with ReLU and dropout, the last one linear."""
    ours, theirs = [st.Flatten()], [nn.Flatten()]
    for count in units[:-1]:
        ours += [st.Dense(count, activation="relu"), st.Dropout(dropout)]
        theirs += [nn.Linear(inputs, count), nn.ReLU(), nn.Dropout(dropout)]
        inputs = count
    return [*ours, st.Dense(units[-1])], [*theirs, nn.Linear(inputs, units[-1])]


def _vgg16(name: str, side: int, units: tuple[int, ...], dropout: float) -> Pair:
    ours, theirs, channels = [], [], 3
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            ours.append(st.Conv2D(width, 3, padding=1, activation="relu", init="he_uniform"))
            theirs += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        ours.append(st.MaxPool2D(2))
        theirs.append(nn.MaxPool2d(2))
    last = side // 32
    head = _head(512 * last * last, units, dropout)
    return _pair(name, [*ours, *head[0]], [*theirs, *head[1]], (side, side, 3), (last, last, 512))


def vgg16_cifar(dropout: float) -> Pair:
    """VGG-16 on 32x32x3 with the head 512-512-10."""
    return _vgg16("VGG-16 32x32", 32, (512, 512, 10), dropout)


def vgg16(dropout: float) -> Pair:
    """VGG-16 on 224x224x3."""
    return _vgg16("VGG-16 224x224", 224, (4096, 4096, 1000), dropout)


def alexnet(dropout: float) -> Pair:
    """AlexNet in one tower, 224x224x3."""
    ours, theirs, channels = [], [], 3
    plan = (
        (64, 11, 4, 2, True),
        (192, 5, 1, 2, True),
        (384, 3, 1, 1, False),
        (256, 3, 1, 1, False),
        (256, 3, 1, 1, True),
    )
    for width, side, stride, padding, pool in plan:
        ours.append(st.Conv2D(width, side, stride, padding, activation="relu", init="he_uniform"))
        theirs += [nn.Conv2d(channels, width, side, stride, padding), nn.ReLU()]
        channels = width
        if pool:
            ours.append(st.MaxPool2D(3, 2))
            theirs.append(nn.MaxPool2d(3, 2))
    head = _head(256 * 36, (4096, 4096, 1000), dropout)
    return _pair("AlexNet 224x224", [*ours, *head[0]], [*theirs, *head[1]], (224, 224, 3), (6, 6, 256))


def resnet20(dropout: float) -> Pair:
    """ResNet-20 on 32x32x3; its running averages are drawn, so that inference has something to fold."""
    ours = st.zoo.resnet20(seed=0)
    rng = np.random.default_rng(0)
    for name, state in ours.states().items():
        low, high = (0.5, 1.5) if name.endswith("variance") else (-0.5, 0.5)
        state.copy_from(st.tensor(rng.uniform(low, high, state.shape).astype("float32")))
    return _equal(Pair("ResNet-20 32x32", ours, torch_resnet20.resnet20(), (32, 32, 3)))


def _pair(name: str, ours: list, theirs: list, shape: tuple[int, ...], flattened=None) -> Pair:
    net = st.Sequential(ours, input_shape=shape, seed=0)
    return _equal(Pair(name, net, nn.Sequential(*theirs), shape, net.output_shape[-1], flattened))


def _equal(pair: Pair) -> Pair:
    weights.copy_to(pair.theirs, pair.ours, pair.flattened)
    return pair


@dataclass(frozen=True)
class Net:
    """How a pair is built, given a rate of dropout, and the batch sizes at which it is measured."""

    build: Callable[[float], Pair]
    trained: tuple[int, ...]
    predicted: tuple[int, ...]


NETS = {
    "mlp": Net(mlp, (64, 1), (64, 1)),
    "lenet5": Net(lenet5, (64, 1), (64, 1)),
    "resnet20": Net(resnet20, (64,), (64, 1)),
    "vgg16_cifar": Net(vgg16_cifar, (64,), (64, 1)),
    "vgg16": Net(vgg16, (4,), (8, 1)),
    "alexnet": Net(alexnet, (16,), (16, 1)),
}
