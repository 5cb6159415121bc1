from __future__ import annotations

from strate.layers import Conv2D, LocalResponseNorm, MaxPool2D
from strate.sequential import Sequential
from strate.zoo.head import dense_head
from strate.zoo.width import scaled

DRAWN_FOR = 227  # the side, in pixels, that gives 55x55 maps without padding


def alexnet_2012(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (227, 227, 3),
    width: float = 1.0,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """AlexNet as it won ImageNet in 2012, in two towers (lecture, p. 76-80).

    Maps 96@55x55, 256@27x27, 384@13x13, 384, 256@6x6, then 4096, 4096 and the classes. The towers, one
    for each of the two GPUs, are groups of 2 in the convolutions 2, 4 and 5: 60 965 224 parameters.
    The paper's 224x224 gives 55x55 only with a padding of 2, which images smaller than 227x227 get.
    Initial weights are He's, where the paper has a standard deviation of 0.01 and some biases of 1.

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
        A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural
        networks", NIPS 2012.

    >>> st.zoo.alexnet_2012().summary().parameters
    60965224
    """
    padding = 2 if min(input_shape[:2]) < DRAWN_FOR else 0

    def conv(filters, kernel_size, groups=1, **geometry):
        filters = scaled(filters, width, multiple=2)
        return Conv2D(filters, kernel_size, groups=groups, activation="relu", init="he_normal", **geometry)

    return Sequential(
        [
            conv(96, 11, stride=4, padding=padding),
            LocalResponseNorm(),
            MaxPool2D(3, stride=2),
            conv(256, 5, groups=2, padding=2),
            LocalResponseNorm(),
            MaxPool2D(3, stride=2),
            conv(384, 3, padding=1),
            conv(384, 3, groups=2, padding=1),
            conv(256, 3, groups=2, padding=1),
            MaxPool2D(3, stride=2),
            *dense_head(classes, scaled(4096, width), dropout),
        ],
        input_shape=input_shape,
        seed=seed,
        name="alexnet_2012",
    )


def alexnet(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """AlexNet in one tower, as it is built today: 64, 192, 384, 256, 256 maps, no response normalisation.

    With 224x224x3 and a thousand classes: 61 100 840 parameters, as in torchvision.

    Args:
        classes, input_shape, width, dropout, seed: as for `alexnet_2012`.
    Shapes:
        x (N, H, W, C) -> y (N, classes), probabilities
    Raises:
        ValueError: an image too small for the layers, a width that is not above 0.
    Source:
        A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks",
        arXiv:1404.5997, 2014.

    >>> st.zoo.alexnet().summary().parameters
    61100840
    """

    def conv(filters, kernel_size, **geometry):
        return Conv2D(scaled(filters, width), kernel_size, activation="relu", init="he_normal", **geometry)

    return Sequential(
        [
            conv(64, 11, stride=4, padding=2),
            MaxPool2D(3, stride=2),
            conv(192, 5, padding=2),
            MaxPool2D(3, stride=2),
            conv(384, 3, padding=1),
            conv(256, 3, padding=1),
            conv(256, 3, padding=1),
            MaxPool2D(3, stride=2),
            *dense_head(classes, scaled(4096, width), dropout),
        ],
        input_shape=input_shape,
        seed=seed,
        name="alexnet",
    )
