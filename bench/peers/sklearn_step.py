"""The training step of scikit-learn's MLPClassifier: partial_fit on one batch, for Dense with ReLU."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.neural_network import MLPClassifier

import strate as st

from . import weights
from .nets import Pair


def applies(pair: Pair) -> bool:
    """Whether MLPClassifier can be the net."""
    *hidden, last = pair.ours.layers
    dense = all(isinstance(layer, st.Dense) for layer in pair.ours.layers)
    kinds = [layer.output_activation for layer in (*hidden, last)]
    return dense and kinds == ["relu"] * len(hidden) + ["identity"]


def _classifier(pair: Pair, x: np.ndarray, y: np.ndarray, learning_rate: float, momentum: float):
    """One with the pair's weights; the call that makes its arrays has left momentum from one step."""
    net = MLPClassifier(
        tuple(layer.units for layer in pair.ours.layers[:-1]),
        solver="sgd",
        alpha=0.0,
        batch_size=len(x),
        learning_rate_init=learning_rate,
        momentum=momentum,
        nesterovs_momentum=False,
    )
    net.partial_fit(x, y, classes=np.arange(pair.classes))
    arrays = weights.parameters(pair.ours)
    for theirs, ours in zip(net.coefs_, arrays[::2], strict=True):
        theirs[...] = ours.T
    for theirs, ours in zip(net.intercepts_, arrays[1::2], strict=True):
        theirs[...] = ours
    return net


def loss_and_gradients(pair: Pair, x: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """On one batch, with strate's axes; a step of length 1 without momentum shows the gradient."""
    net = _classifier(pair, x, y, learning_rate=1.0, momentum=0.0)
    net.partial_fit(x, y)
    arrays = weights.parameters(pair.ours)
    ours = zip(arrays[::2], arrays[1::2], net.coefs_, net.intercepts_, strict=True)
    pairs = [(weight - coefs.T, bias - intercepts) for weight, bias, coefs, intercepts in ours]
    return float(net.loss_), [gradient for pair in pairs for gradient in pair]


def step(
    pair: Pair, x: np.ndarray, y: np.ndarray, learning_rate: float, momentum: float
) -> Callable[[], object]:
    """One call of partial_fit."""
    net = _classifier(pair, x, y, learning_rate, momentum)
    return lambda: net.partial_fit(x, y)
