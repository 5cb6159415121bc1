"""Losses, one file each, by class or by name ("squared_error", "cross_entropy", ...)."""

from __future__ import annotations

from strate.losses.binary_cross_entropy import BinaryCrossEntropy
from strate.losses.cross_entropy import CrossEntropy
from strate.losses.hinge import Hinge
from strate.losses.huber import Huber
from strate.losses.loss import Loss
from strate.losses.maximum_a_posteriori import MaximumAPosteriori
from strate.losses.squared_error import SquaredError

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Hinge",
    "Huber",
    "Loss",
    "MaximumAPosteriori",
    "SquaredError",
    "get",
]

NAMES = {
    "binary_cross_entropy": BinaryCrossEntropy,
    "cross_entropy": CrossEntropy,
    "hinge": Hinge,
    "huber": Huber,
    "maximum_a_posteriori": MaximumAPosteriori,
    "squared_error": SquaredError,
}


def get(loss) -> Loss:
    """A loss from a name or a loss.

    Raises:
        ValueError: an unknown name.
        TypeError: anything else.
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        if loss not in NAMES:
            raise ValueError(f"loss is one of {', '.join(NAMES)}, or a Loss; got loss={loss!r}")
        return NAMES[loss]()
    raise TypeError(f"loss is a name or a Loss; got loss={loss!r}")
