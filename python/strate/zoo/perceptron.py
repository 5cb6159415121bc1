from __future__ import annotations

from strate.layers import Dense, Flatten
from strate.sequential import Sequential


def perceptron(
    classes: int = 1, input_shape: tuple[int, ...] = (28, 28, 1), seed: int | None = None
) -> Sequential:
    """Neurons side by side, each y = sigmoid(w x + w_0); by default a single one (lecture, p. 12-13).

    It has no hidden layer, so no width to choose. One neuron on 28x28x1: 785 parameters.

    Args:
        classes: number of neurons.
        input_shape: of one sample; it is flattened.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, ...) -> y (N, classes), each between 0 and 1 on its own
    Raises:
        ValueError: a size below 1.

    >>> st.zoo.perceptron().summary().parameters
    785
    """
    return Sequential(
        [Flatten(), Dense(classes, activation="sigmoid")],
        input_shape=input_shape,
        seed=seed,
        name="perceptron",
    )
