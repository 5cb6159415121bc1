from __future__ import annotations

from math import isfinite

import numpy as np

from strate import _core
from strate.losses.loss import Loss, same_shape
from strate.tensor import real


class SquaredError(Loss):
    """J = factor * sum over components of (y - t)^2, mean or sum over samples (lecture, p. 22 and 49).

    The gradient is 2 factor (y - t): with factor 1/2, the delta (y - t) of p. 50.

    Args:
        factor: 0.5 by default, 1 for the formula of p. 22.
        reduction: "mean" (default) or "sum" over samples.
    Raises:
        ValueError: an unknown reduction, a factor that is not above 0.

    >>> loss, dy = st.SquaredError()(st.tensor([[1.0, 3.0]]), st.tensor([[0.0, 1.0]]))
    >>> float(loss), dy.tolist()
    (2.5, [[1.0, 2.0]])
    """

    capturable = True

    def __init__(self, factor: float = 0.5, reduction: str = "mean"):
        self.factor, self.reduction = float(factor), reduction_of(reduction)
        if not (isfinite(self.factor) and self.factor > 0):
            raise ValueError(f"SquaredError: factor is above 0; got factor={factor}")
        self.mean = reduction == "mean"
        number = {0.5: "1/2 ", 1.0: ""}.get(self.factor, f"{self.factor:g} ")
        self.formula = f"J = {number}sum_i (y_i - t_i)^2, {reduction} over samples"

    def __call__(self, y, target):
        return _core.squared_error(y, target, self.factor, self.reduction)

    def prepare(self, target, output_shape, dtype):
        return values(target, output_shape, dtype)


def values(target, output_shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Targets with a number for every output, in the model's dtype.

    Raises:
        ValueError: another shape, or bytes that look like images.
    """
    target = real(np.asarray(target))
    if target.dtype == np.uint8 and target.ndim > 2:
        raise ValueError(
            f"uint8 targets of shape {target.shape} look like images, which are scaled as inputs only; "
            "convert them: target / 255"
        )
    same_shape(target.shape, output_shape)
    return np.ascontiguousarray(target, dtype)


def reduction_of(reduction: str) -> str:
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction is "mean" or "sum"; got reduction={reduction!r}')
    return reduction
