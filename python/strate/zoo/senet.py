"""SENet, 2017: ResNet whose blocks weigh their maps by what all maps show (lecture, p. 76-80).

Squeeze: the mean of each map. Excitation: two dense layers, the first 16 times narrower, give each map a
factor between 0 and 1.

Source: J. Hu, L. Shen, G. Sun, "Squeeze-and-excitation networks", CVPR 2018.
"""

from __future__ import annotations

from functools import partial

from strate.layers import Dense, GlobalAveragePool2D, Layer, MaxPool2D
from strate.sequential import Sequential
from strate.zoo.bottleneck import EXPANSION, bottleneck, conv, excitation, residual
from strate.zoo.head import dropped
from strate.zoo.resnet import MAPS, residual_net
from strate.zoo.width import scaled

SQUEEZE = 16
CARDINALITY = 64  # groups of the 3x3 convolutions of SENet-154


def se_resnet50(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet-50 with squeeze-and-excitation: 28 088 024 parameters.

    Args:
        classes: number of outputs.
        input_shape: of an image, (height, width, channels).
        width: factor on all numbers of maps.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, H, W, C) -> y (N, classes), probabilities
    Raises:
        ValueError: a width that is not above 0.

    >>> st.zoo.se_resnet50().summary().parameters
    28088024
    """
    block = partial(bottleneck, squeeze=SQUEEZE)
    return residual_net("se_resnet50", block, EXPANSION, (3, 4, 6, 3), classes, input_shape, width, seed)


def se_resnet152(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet-152 with squeeze-and-excitation: 66 821 848 parameters. Arguments as for `se_resnet50`."""
    block = partial(bottleneck, squeeze=SQUEEZE)
    return residual_net("se_resnet152", block, EXPANSION, (3, 8, 36, 3), classes, input_shape, width, seed)


def senet154(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """The network that won ImageNet in 2017: 115 088 984 parameters.

    Three 3x3 convolutions instead of the 7x7; in a block, 3x3 convolutions in 64 groups that double the
    maps; shortcuts of 3x3; dropout of 0.2 before the classes. The width is rounded so that 64 groups (one
    for each map, in a network narrower than that) divide the maps.

    Args:
        classes, input_shape, width, seed: as for `se_resnet50`.
        dropout: whether units are dropped in training. Default: True.
    """
    groups = min(CARDINALITY, scaled(2 * MAPS[0], width, multiple=2))
    first = scaled(64, width)
    layers = [*conv(first, 3, stride=2), *conv(first, 3), *conv(2 * first, 3)]
    layers.append(MaxPool2D(3, stride=2, ceil=True))
    for stage, (maps, depth) in enumerate(zip(MAPS, (3, 8, 36, 3), strict=True)):
        maps, stride = scaled(2 * maps, width, multiple=groups), 1 if stage == 0 else 2
        side = 1 if stage == 0 else 3  # of the shortcut's kernel
        shortcut = conv(2 * maps, side, stride, relu=False)
        blocks = [_grouped(maps, stride, groups, shortcut)]
        blocks += [_grouped(maps, 1, groups, None) for _ in range(depth - 1)]
        layers.append(Sequential(blocks, name=f"stage {stage + 1}"))
    layers += [GlobalAveragePool2D(), *dropped(0.2, dropout), Dense(classes, activation="softmax")]
    return Sequential(layers, input_shape=input_shape, seed=seed, name="senet154")


def _grouped(maps: int, stride: int, groups: int, shortcut: list[Layer] | None) -> Sequential:
    """1x1 to `maps`, 3x3 in groups to twice as many, 1x1 to as many; gated."""
    body = [
        *conv(maps, 1),
        *conv(2 * maps, 3, stride, groups),
        *conv(2 * maps, 1, relu=False),
        excitation(2 * maps, SQUEEZE),
    ]
    return residual(body, shortcut)
