from __future__ import annotations

from strate.layers import Conv2D, LocalResponseNorm, MaxPool2D
from strate.sequential import Sequential
from strate.zoo.head import dense_head
from strate.zoo.width import scaled


def zfnet(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """The network of Zeiler and Fergus, 2013: AlexNet with a finer first layer (lecture, p. 76-80).

    Eight layers: maps 96@110x110 from 7x7 kernels at stride 2, pooled to 55x55; 256@26x26, pooled to
    13x13; 384, 384, 256@13x13, pooled to 6x6; 4096, 4096, the classes. One tower: 62 357 608 parameters.

    Args:
        classes: number of outputs.
        input_shape: of an image, (height, width, channels).
        width: factor on all numbers of maps and units.
        dropout: whether units are dropped in training. Default: True.
        seed: of the initial weights and dropout. Default: drawn by the system.
    Shapes:
        x (N, H, W, C) -> y (N, classes), probabilities
    Raises:
        ValueError: an image too small for the layers, a width that is not above 0.
    Source:
        M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, figure 3.

    >>> st.zoo.zfnet().summary().parameters
    62357608
    """

    def conv(filters, kernel_size, **geometry):
        return Conv2D(scaled(filters, width), kernel_size, activation="relu", init="he_normal", **geometry)

    return Sequential(
        [
            conv(96, 7, stride=2, padding=1),
            MaxPool2D(3, stride=2, ceil=True),
            LocalResponseNorm(),
            conv(256, 5, stride=2),
            MaxPool2D(3, stride=2, ceil=True),
            LocalResponseNorm(),
            conv(384, 3, padding=1),
            conv(384, 3, padding=1),
            conv(256, 3, padding=1),
            MaxPool2D(3, stride=2),
            *dense_head(classes, scaled(4096, width), dropout),
        ],
        input_shape=input_shape,
        seed=seed,
        name="zfnet",
    )
