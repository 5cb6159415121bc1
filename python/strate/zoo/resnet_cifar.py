"""ResNet for images of 32x32: three stages of 16, 32 and 64 maps, and shortcuts without parameters.

Where a stage halves the side, the shortcut takes every second pixel and puts maps of zeros behind (option A
of the paper). 6n + 2 layers have weights, with n blocks in each stage. The paper states 0.27, 0.46, 0.66,
0.85 and 1.7 million parameters (table 6).

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016,
section 4.2.
"""

from __future__ import annotations

from strate.layers import Dense, GlobalAveragePool2D, Layer, ZeroPadShortcut
from strate.sequential import Sequential
from strate.zoo.bottleneck import basic, conv
from strate.zoo.width import scaled

MAPS = (16, 32, 64)


def resnet20(
    classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 20 layers for 32x32 pixels: 269 722 parameters.

    Args:
        classes: number of outputs.
        input_shape: of an image, (height, width, channels).
        width: factor on all numbers of maps.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, H, W, C) -> y (N, classes), probabilities
    Raises:
        ValueError: a width that is not above 0.

    >>> st.zoo.resnet20().summary().parameters
    269722
    """
    return _resnet("resnet20", 3, classes, input_shape, width, seed)


def resnet32(
    classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 32 layers for 32x32 pixels: 464 154 parameters. Arguments as for `resnet20`."""
    return _resnet("resnet32", 5, classes, input_shape, width, seed)


def resnet44(
    classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 44 layers for 32x32 pixels: 658 586 parameters. Arguments as for `resnet20`."""
    return _resnet("resnet44", 7, classes, input_shape, width, seed)


def resnet56(
    classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 56 layers for 32x32 pixels: 853 018 parameters. Arguments as for `resnet20`."""
    return _resnet("resnet56", 9, classes, input_shape, width, seed)


def resnet110(
    classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 110 layers for 32x32 pixels: 1 727 962 parameters. Arguments as for `resnet20`."""
    return _resnet("resnet110", 18, classes, input_shape, width, seed)


def _resnet(name, depth, classes, input_shape, width, seed) -> Sequential:
    layers: list[Layer] = conv(scaled(MAPS[0], width), 3)
    for stage, maps in enumerate(MAPS):
        maps, stride = scaled(maps, width), 1 if stage == 0 else 2
        shortcut: list[Layer] | None = None if stage == 0 else [ZeroPadShortcut(maps, stride)]
        blocks = [basic(maps, stride, shortcut), *(basic(maps, 1, None) for _ in range(depth - 1))]
        layers.append(Sequential(blocks, name=f"stage {stage + 1}"))
    layers += [GlobalAveragePool2D(), Dense(classes, activation="softmax")]
    return Sequential(layers, input_shape=input_shape, seed=seed, name=name)
