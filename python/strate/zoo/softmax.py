from __future__ import annotations

from strate.layers import Dense, Flatten
from strate.sequential import Sequential


def softmax(
    classes: int = 10, input_shape: tuple[int, ...] = (28, 28, 1), seed: int | None = None
) -> Sequential:
    """One layer and a softmax: logistic regression with several classes (lecture, p. 23 and 52-54).

    Its rows of weights, seen as images, show what each class looks for. 784-10: 7 850 parameters.

    Args:
        classes: number of outputs.
        input_shape: of one sample; it is flattened.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, ...) -> y (N, classes), probabilities
    Raises:
        ValueError: a size below 1.

    >>> st.zoo.softmax().summary().parameters
    7850
    """
    return Sequential(
        [Flatten(), Dense(classes, activation="softmax")], input_shape=input_shape, seed=seed, name="softmax"
    )
