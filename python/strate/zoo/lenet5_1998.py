from __future__ import annotations

from strate.layers import RBF, Conv2D, Dense, Flatten, Rescaling, SubSample2D
from strate.losses import MaximumAPosteriori
from strate.sequential import Sequential
from strate.zoo.lenet5 import FIELD

# Table I of the paper: the maps of S2 that each map of C3 sees.
SEEN = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)
CONNECTIONS = tuple(tuple(int(channel in seen) for channel in range(6)) for seen in SEEN)


def lenet5_1998(
    classes: int = 10, input_shape: tuple[int, int, int] = (32, 32, 1), seed: int | None = None
) -> Sequential:
    """LeNet-5 as it was published: 60 000 trained parameters, Gaussian outputs.

    C1 6@28x28 (156 parameters), S2 6@14x14 (12), C3 16@10x10 (1 516, connected by Table I), S4 16@5x5
    (32), C5 120 (48 120), F6 84 (10 164), and an output that compares F6 with a picture of each digit.
    Activations are 1.7159 tanh(2 x / 3), weights start uniform in +-2.4 / fan-in. Inputs go from 0,
    white, to 1, black, and become -0.1 to 1.175; an image smaller than 32x32 gets a margin of two white
    pixels. Its loss is the paper's, `MaximumAPosteriori`, which `strate train` uses.

    Args:
        classes: number of outputs. Other than ten have codes of -1 and +1 drawn by the seed.
        input_shape: of an image, (height, width, channels).
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, H, W, C) -> y (N, classes), negated penalties: the class has the largest
    Raises:
        ValueError: an image too small for the layers.
    Source:
        Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
        recognition", Proceedings of the IEEE 86(11), 1998, section II.

    >>> st.zoo.lenet5_1998().summary().parameters
    60000
    """
    squashed = {"activation": "scaled_tanh", "init": "fan_in_uniform"}
    model = Sequential(
        [
            Rescaling(1.275, -0.1, padding=2 if min(input_shape[:2]) < FIELD else 0),
            Conv2D(6, 5, **squashed),
            SubSample2D(2, **squashed),
            Conv2D(16, 5, connections=CONNECTIONS, **squashed),
            SubSample2D(2, **squashed),
            Conv2D(120, 5, **squashed),
            Flatten(),
            Dense(84, **squashed),
            RBF(classes),
        ],
        input_shape=input_shape,
        seed=seed,
        name="lenet5_1998",
    )
    model.loss = MaximumAPosteriori()
    return model
