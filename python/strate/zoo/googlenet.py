from __future__ import annotations

from strate.layers import (
    Auxiliary,
    AveragePool2D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool2D,
    LocalResponseNorm,
    MaxPool2D,
    Parallel,
)
from strate.sequential import Sequential
from strate.zoo.head import dropped
from strate.zoo.width import scaled


def googlenet(
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width: float = 1.0,
    dropout: bool = True,
    seed: int | None = None,
) -> Sequential:
    """GoogLeNet, 22 layers deep: nine inception blocks and two auxiliary heads (lecture, p. 76-80).

    A block looks at the same maps through 1x1, 3x3 and 5x5 kernels and a pooling at once; 1x1 kernels
    before the large ones save multiplications. Windows of the poolings that are not full count. The heads
    behind blocks 4a and 4d, each with a loss that weighs 0.3, are there for training alone. 6 998 552
    parameters, and 6 379 728 in the heads. An image too small for the heads' 5x5 pooling gets a window
    as large as the maps.

    Args:
        classes: number of outputs.
        input_shape: of an image, (height, width, channels).
        width: factor on all numbers of maps and units.
        dropout: whether units are dropped in training. Default: True.
        seed: of the initial weights and dropout. Default: drawn by the system.
    Shapes:
        x (N, H, W, C) -> y (N, classes), probabilities
    Raises:
        ValueError: a width that is not above 0.
    Source:
        C. Szegedy et al., "Going deeper with convolutions", CVPR 2015, table 1 and section 5.

    >>> st.zoo.googlenet().summary().parameters
    13378280
    """
    side = max(1, (min(input_shape[:2]) + 1) // 2 // 8)  # of the maps of blocks 4a to 4e

    def conv(filters, kernel_size, **geometry):
        return Conv2D(scaled(filters, width), kernel_size, activation="relu", init="he_normal", **geometry)

    def inception(a, reduce3, b, reduce5, c, d, name):
        """1x1: a maps; 3x3: b behind reduce3; 5x5: c behind reduce5; pooling: d."""
        branches = Parallel(
            conv(a, 1),
            Sequential([conv(reduce3, 1), conv(b, 3, padding=1)]),
            Sequential([conv(reduce5, 1), conv(c, 5, padding=2)]),
            Sequential([MaxPool2D(3, stride=1, padding=1), conv(d, 1)]),
        )
        return Sequential([branches], name=f"inception {name}")

    def head():
        layers = [
            AveragePool2D(min(5, side), stride=3),
            conv(128, 1),
            Flatten(),
            Dense(scaled(1024, width), activation="relu", init="he_normal"),
            *dropped(0.7, dropout),
            Dense(classes, activation="softmax"),
        ]
        return Auxiliary(Sequential(layers, name="head"), weight=0.3)

    def halve():
        return MaxPool2D(3, stride=2, ceil=True)

    return Sequential(
        [
            conv(64, 7, stride=2, padding=3),
            halve(),
            LocalResponseNorm(),
            conv(64, 1),
            conv(192, 3, padding=1),
            LocalResponseNorm(),
            halve(),
            inception(64, 96, 128, 16, 32, 32, "3a"),
            inception(128, 128, 192, 32, 96, 64, "3b"),
            halve(),
            inception(192, 96, 208, 16, 48, 64, "4a"),
            head(),
            inception(160, 112, 224, 24, 64, 64, "4b"),
            inception(128, 128, 256, 24, 64, 64, "4c"),
            inception(112, 144, 288, 32, 64, 64, "4d"),
            head(),
            inception(256, 160, 320, 32, 128, 128, "4e"),
            halve(),
            inception(256, 160, 320, 32, 128, 128, "5a"),
            inception(384, 192, 384, 48, 128, 128, "5b"),
            GlobalAveragePool2D(),
            *dropped(0.4, dropout),
            Dense(classes, activation="softmax"),
        ],
        input_shape=input_shape,
        seed=seed,
        name="googlenet",
    )
