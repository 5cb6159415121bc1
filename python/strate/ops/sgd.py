from __future__ import annotations

from math import inf

from strate import _core
from strate.ops.in_place import check_tensors
from strate.tensor import Tensor, tensor


def sgd(
    theta: Tensor,
    gradient: Tensor,
    velocity: Tensor | None = None,
    *,
    learning_rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    clip_value: float = inf,
    segments=None,
) -> None:
    """One step of stochastic gradient descent, in place (lecture, p. 27 and 40).

    g = gradient + weight_decay theta; without momentum theta -= learning_rate g. With momentum
    velocity = momentum velocity + g, and theta -= learning_rate velocity, or for Nesterov
    theta -= learning_rate (g + momentum velocity).

    Args:
        theta: (P), changed in place.
        gradient: (P).
        velocity: (P), changed in place; needed with momentum, zero at first.
        clip_value: largest magnitude of a component of the gradient; what is beyond is cut off.
        segments: rows (begin, end, decays): the parts of theta to change, and whether weight decay
            applies. Default: all of it, decayed.
    Raises:
        ValueError: shapes that differ, a velocity missing.
        TypeError: arrays in place of tensors, which would be changed as copies.

    >>> theta = st.tensor([1.0, 2.0])
    >>> st.ops.sgd(theta, st.tensor([1.0, 1.0]), learning_rate=0.5)
    >>> theta.tolist()
    [0.5, 1.5]
    """
    check_tensors("sgd", "velocity", theta=theta, gradient=gradient, velocity=velocity)
    rows = [[0, theta.size, 1]] if segments is None else segments
    hyper = tensor([learning_rate, momentum, weight_decay, 1.0, clip_value], "float64")
    _core.sgd(theta, gradient, velocity, hyper, tensor(rows, "int64"), nesterov)
