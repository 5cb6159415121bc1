"""ResNet for ImageNet: stages of blocks that add to what they are given (lecture, p. 76-80).

224x224x3, 7x7 kernels at stride 2 and pooling to 56x56, then stages of 56x56, 28x28, 14x14 and 7x7, the mean
of each map, and the classes. Where a stage halves the side, the stride is in the 3x3 convolution of the
bottleneck, as in torchvision (there called ResNet v1.5); the paper has it in the 1x1 before. Parameters are
the same.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016, table 1.
"""

from __future__ import annotations

from collections.abc import Callable

from strate.layers import Dense, GlobalAveragePool2D, Layer, MaxPool2D
from strate.sequential import Sequential
from strate.zoo.bottleneck import EXPANSION, basic, bottleneck, conv
from strate.zoo.width import scaled

MAPS = (64, 128, 256, 512)


def resnet18(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 18 layers, blocks of two 3x3 convolutions: 11 689 512 parameters.

    Args:
        classes: number of outputs.
        input_shape: of an image, (height, width, channels).
        width: factor on all numbers of maps.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, H, W, C) -> y (N, classes), probabilities
    Raises:
        ValueError: a width that is not above 0.

    >>> st.zoo.resnet18().summary().parameters
    11689512
    """
    return residual_net("resnet18", basic, 1, (2, 2, 2, 2), classes, input_shape, width, seed)


def resnet34(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 34 layers: 21 797 672 parameters. Arguments as for `resnet18`."""
    return residual_net("resnet34", basic, 1, (3, 4, 6, 3), classes, input_shape, width, seed)


def resnet50(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 50 layers, blocks of 1x1, 3x3, 1x1: 25 557 032 parameters. Arguments as for `resnet18`."""
    depths = (3, 4, 6, 3)
    return residual_net("resnet50", bottleneck, EXPANSION, depths, classes, input_shape, width, seed)


def resnet101(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 101 layers: 44 549 160 parameters. Arguments as for `resnet18`."""
    depths = (3, 4, 23, 3)
    return residual_net("resnet101", bottleneck, EXPANSION, depths, classes, input_shape, width, seed)


def resnet152(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """ResNet with 152 layers: 60 192 808 parameters. Arguments as for `resnet18`.

    >>> st.zoo.resnet152().summary().parameters
    60192808
    """
    depths = (3, 8, 36, 3)
    return residual_net("resnet152", bottleneck, EXPANSION, depths, classes, input_shape, width, seed)


def residual_net(name, block, expansion, depths, classes, input_shape, width, seed) -> Sequential:
    first = scaled(MAPS[0], width)
    return Sequential(
        [
            *conv(first, 7, stride=2),
            MaxPool2D(3, stride=2, padding=1),
            *stages(block, expansion, depths, first, width),
            GlobalAveragePool2D(),
            Dense(classes, activation="softmax"),
        ],
        input_shape=input_shape,
        seed=seed,
        name=name,
    )


def stages(
    block: Callable[..., Layer], expansion: int, depths: tuple[int, ...], given: int, width: float
) -> list[Layer]:
    """One Sequential of blocks for each of the depths; all but the first stage halve the side.

    Args:
        block: f(maps, stride, shortcut), a block that ends in expansion * maps maps.
        expansion: see there.
        depths: numbers of blocks.
        given: maps that the first stage is given.
        width: factor on the numbers of maps.
    """
    made: list[Layer] = []
    for stage, (maps, depth) in enumerate(zip(MAPS, depths, strict=True)):
        maps, stride = scaled(maps, width), 1 if stage == 0 else 2
        changes = stride != 1 or given != expansion * maps
        shortcut = conv(expansion * maps, 1, stride, relu=False) if changes else None
        blocks = [block(maps, stride, shortcut), *(block(maps, 1, None) for _ in range(depth - 1))]
        made.append(Sequential(blocks, name=f"stage {stage + 1}"))
        given = expansion * maps
    return made
