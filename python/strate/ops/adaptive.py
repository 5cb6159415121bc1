from __future__ import annotations

from math import inf

from strate import _core
from strate.ops.in_place import check_tensors
from strate.tensor import Tensor, tensor


def adaptive(
    theta: Tensor,
    gradient: Tensor,
    square: Tensor,
    moment: Tensor | None = None,
    *,
    kind: str,
    learning_rate: float,
    momentum: float = 0.9,
    rho: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
    clip_value: float = inf,
    steps: int = 0,
    segments=None,
) -> None:
    """One step of Adam, AdamW, RMSProp or Adagrad, in place; `st.Adam` and the others say the formulas.

    Args:
        theta: (P), changed in place.
        gradient: (P).
        square: (P), changed in place: averaged or summed squares, zero at first.
        moment: (P), changed in place: averaged gradient for "adam" and "adamw", averaged step for
            "rmsprop" with momentum, none for "adagrad"; zero at first.
        kind: "adam", "adamw", "rmsprop" or "adagrad".
        momentum: memory of `moment`, Adam's beta_1.
        rho: memory of `square`, Adam's beta_2.
        epsilon: added to the root of `square`.
        clip_value: largest magnitude of a component of the gradient; what is beyond is cut off.
        steps: taken before this one, for Adam's correction of the first averages.
        segments: rows (begin, end, decays): the parts of theta to change, and whether weight decay
            applies. Default: all of it, decayed.
    Raises:
        ValueError: shapes that differ, a buffer missing, an unknown kind.
        TypeError: arrays in place of tensors, which would be changed as copies.

    >>> theta, square = st.tensor([1.0, 2.0]), st.zeros(2, "float64")
    >>> st.ops.adaptive(theta, st.tensor([4.0, -4.0]), square, kind="adagrad", learning_rate=0.5)
    >>> theta.numpy().round(6).tolist(), square.tolist()
    ([0.5, 2.5], [16.0, 16.0])
    """
    check_tensors("adaptive", "moment", theta=theta, gradient=gradient, square=square, moment=moment)
    rows = [[0, theta.size, 1]] if segments is None else segments
    numbers = [learning_rate, momentum, weight_decay, 1.0, clip_value, rho, epsilon, steps]
    _core.adaptive(theta, gradient, moment, square, tensor(numbers, "float64"), tensor(rows, "int64"), kind)
