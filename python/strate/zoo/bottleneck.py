"""The blocks of ResNet and SENet: convolutions without bias, each with BatchNorm behind it."""

from __future__ import annotations

from strate.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    GlobalAveragePool2D,
    Identity,
    Layer,
    Parallel,
    ReLU,
    Residual,
)
from strate.sequential import Sequential

EXPANSION = 4  # a bottleneck ends in so many times the maps of its 3x3 convolution


def conv(filters: int, kernel_size: int, stride: int = 1, groups: int = 1, relu: bool = True) -> list[Layer]:
    """Convolution of the same size at stride 1, BatchNorm and, unless it ends a branch, ReLU."""
    layers: list[Layer] = [
        Conv2D(
            filters,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=False,
            init="he_normal",
        ),
        BatchNorm(),
    ]
    return [*layers, ReLU()] if relu else layers


def residual(body: list[Layer], shortcut: list[Layer] | None) -> Sequential:
    """y = relu(body(x) + shortcut(x)); the shortcut is x itself where there is none."""
    other = None if shortcut is None else Sequential(shortcut, name="shortcut")
    return Sequential([Residual(Sequential(body, name="body"), other), ReLU()], name="block")


def basic(maps: int, stride: int, shortcut: list[Layer] | None) -> Sequential:
    """Two 3x3 convolutions."""
    return residual([*conv(maps, 3, stride), *conv(maps, 3, relu=False)], shortcut)


def bottleneck(maps: int, stride: int, shortcut: list[Layer] | None, squeeze: int = 0) -> Sequential:
    """1x1 to `maps`, 3x3 with the stride, 1x1 to four times as many; gated if `squeeze` is not 0."""
    body = [
        *conv(maps, 1),
        *conv(maps, 3, stride),
        *conv(EXPANSION * maps, 1, relu=False),
    ]
    if squeeze:
        body.append(excitation(EXPANSION * maps, squeeze))
    return residual(body, shortcut)


def excitation(maps: int, squeeze: int) -> Parallel:
    """Each map times a number between 0 and 1 that depends on the means of all maps (Hu et al., 2018)."""
    gate = [
        GlobalAveragePool2D(keep_dims=True),
        Dense(max(1, maps // squeeze), activation="relu", init="he_normal"),
        Dense(maps, activation="sigmoid"),
    ]
    return Parallel(Identity(), Sequential(gate, name="gate"), merge="multiply")
