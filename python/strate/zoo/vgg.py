"""VGG: nothing but 3x3 convolutions, in five stages, each at half the side of the one before.

Two 3x3 kernels see 5x5 pixels with fewer weights than one of 5x5 and a ReLU more; three see 7x7
(lecture, p. 76-80).

Source: K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition",
ICLR 2015, table 1: A (11 layers with weights), B (13), D (16), E (19).
"""

from __future__ import annotations

from strate.layers import BatchNorm, Conv2D, Layer, MaxPool2D, ReLU
from strate.sequential import Sequential
from strate.zoo.head import dense_head
from strate.zoo.width import scaled

MAPS = (64, 128, 256, 512, 512)
SMALL = 64  # below this side an image gets a head of 512 units: 4096 would hold nearly all weights


def vgg11(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    batch_norm: bool = False,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """VGG with 11 layers that have weights: 132 863 336 parameters, 132 868 840 with batch_norm.

    Args:
        classes: number of outputs.
        input_shape: of an image, (height, width, channels), from 32x32 on. A side below 64 pixels gives
            hidden layers of 512 units instead of 4096.
        width: factor on all numbers of maps and units.
        batch_norm: whether each convolution is followed by BatchNorm, which the paper did not have.
        dropout: whether units are dropped in training. Default: True.
        seed: of the initial weights and dropout. Default: drawn by the system.
    Shapes:
        x (N, H, W, C) -> y (N, classes), probabilities
    Raises:
        ValueError: an image too small for the layers, a width that is not above 0.

    >>> st.zoo.vgg11().summary().parameters
    132863336
    """
    return _vgg("vgg11", (1, 1, 2, 2, 2), classes, input_shape, width, batch_norm, dropout, seed)


def vgg13(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    batch_norm: bool = False,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """VGG with 13 layers that have weights: 133 047 848 parameters. Arguments as for `vgg11`."""
    return _vgg("vgg13", (2, 2, 2, 2, 2), classes, input_shape, width, batch_norm, dropout, seed)


def vgg16(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    batch_norm: bool = False,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """VGG with 16 layers that have weights: 138 357 544 parameters. Arguments as for `vgg11`.

    >>> st.zoo.vgg16(classes=10, input_shape=(32, 32, 3)).summary().parameters
    15245130
    """
    return _vgg("vgg16", (2, 2, 3, 3, 3), classes, input_shape, width, batch_norm, dropout, seed)


def vgg19(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    batch_norm: bool = False,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """VGG with 19 layers that have weights: 143 667 240 parameters. Arguments as for `vgg11`."""
    return _vgg("vgg19", (2, 2, 4, 4, 4), classes, input_shape, width, batch_norm, dropout, seed)


def _vgg(name, depths, classes, input_shape, width, batch_norm, dropout, seed) -> Sequential:
    layers: list[Layer] = []
    for maps, depth in zip(MAPS, depths, strict=True):
        for _ in range(depth):
            layers.append(Conv2D(scaled(maps, width), 3, padding=1, init="he_normal"))
            layers += [BatchNorm(), ReLU()] if batch_norm else [ReLU()]
        layers.append(MaxPool2D(2))
    units = 512 if min(input_shape[:2]) < SMALL else 4096
    layers += dense_head(classes, scaled(units, width), dropout)
    return Sequential(layers, input_shape=input_shape, seed=seed, name=name)
