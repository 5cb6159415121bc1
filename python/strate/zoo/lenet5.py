from __future__ import annotations

from strate.layers import Conv2D, Dense, Flatten, MaxPool2D
from strate.sequential import Sequential
from strate.zoo.width import scaled

FIELD = 32  # the side, in pixels, for which the network was drawn


def lenet5(
    classes: int = 10,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """LeNet-5 as it is built today: ReLU and max-pooling (lecture, p. 74-75).

    C1 6@28x28, S2 6@14x14, C3 16@10x10, S4 16@5x5, C5 120, F6 84, then the classes. An image smaller
    than 32x32 is padded by two zeros on each side, so that 28x28 gives the same maps as 32x32.
    With 28x28x1 and ten classes: 61 706 parameters.

    Args:
        classes: number of outputs.
        input_shape: of an image, (height, width, channels).
        width: factor on all numbers of maps and units.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, H, W, C) -> y (N, classes), probabilities
    Raises:
        ValueError: an image too small for the layers, a width that is not above 0.
    Source:
        Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
        recognition", Proceedings of the IEEE 86(11), 1998; the connection table of C3, the trained
        sub-sampling and the Gaussian output of the paper are left out here.

    >>> st.zoo.lenet5().summary().parameters
    61706
    """
    padding = 2 if min(input_shape[:2]) < FIELD else 0
    return Sequential(
        [
            Conv2D(scaled(6, width), 5, padding=padding, activation="relu", init="he_normal"),
            MaxPool2D(2),
            Conv2D(scaled(16, width), 5, activation="relu", init="he_normal"),
            MaxPool2D(2),
            Flatten(),
            Dense(scaled(120, width), activation="relu", init="he_normal"),
            Dense(scaled(84, width), activation="relu", init="he_normal"),
            Dense(classes, activation="softmax"),
        ],
        input_shape=input_shape,
        seed=seed,
        name="lenet5",
    )
