"""One training step of each contestant: forward, loss, backward, SGD with momentum, one resident batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import strate as st

from . import machine, torch_step
from .nets import Pair

LEARNING_RATE, MOMENTUM = 1e-4, 0.9


def our_step(pair: Pair, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """strate: `train_on_batch`, the loss read at each step."""
    optimizer = st.SGD(LEARNING_RATE, momentum=MOMENTUM)
    images, labels = st.tensor(x), st.tensor(y)
    return lambda: pair.ours.train_on_batch(images, labels, loss="cross_entropy", optimizer=optimizer)


def other_peers() -> dict:
    """The modules of the peers besides PyTorch that are installed, by name."""
    peers = {}
    if machine.installed("jax"):
        from . import jax_step

        peers["jax"] = jax_step
    if machine.installed("scikit-learn"):
        from . import sklearn_step

        peers["scikit-learn"] = sklearn_step
    return peers


def their_steps(
    pair: Pair, x: np.ndarray, y: np.ndarray, *, compiled: bool, others: dict
) -> dict[str, Callable[[], object]]:
    """PyTorch in each of its forms, and the others where they apply; the fastest counts."""
    steps = torch_step.steps(pair, x, y, LEARNING_RATE, MOMENTUM, compiled=compiled)
    for name, peer in others.items():
        if peer.applies(pair):
            steps[name] = peer.step(pair, x, y, LEARNING_RATE, MOMENTUM)
    return steps
