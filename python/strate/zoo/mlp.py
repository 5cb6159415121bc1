from __future__ import annotations

from collections.abc import Sequence

from strate.layers import Dense, Flatten
from strate.sequential import Sequential
from strate.zoo.width import scaled


def mlp(
    classes: int = 10,
    input_shape: tuple[int, ...] = (28, 28, 1),
    hidden: Sequence[int] = (512, 256),
    width: float = 1.0,
    seed: int | None = None,
) -> Sequential:
    """A multilayer perceptron: every layer sees all of the one before (lecture, p. 16-19).

    By default 784-512-256-10 with ReLU inside and softmax at the end: 535 818 parameters.

    Args:
        classes: number of outputs.
        input_shape: of one sample; it is flattened.
        hidden: neurons of each hidden layer, from the input on.
        width: factor on the numbers of hidden neurons.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, ...) -> y (N, classes), probabilities
    Raises:
        ValueError: a size below 1, a width that is not above 0.

    >>> st.zoo.mlp().summary().parameters
    535818
    """
    layers = [Dense(scaled(units, width), activation="relu", init="he_normal") for units in hidden]
    return Sequential(
        [Flatten(), *layers, Dense(classes, activation="softmax")],
        input_shape=input_shape,
        seed=seed,
        name="mlp",
    )
