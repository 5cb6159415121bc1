from __future__ import annotations

from math import isfinite

from strate import _core
from strate.losses.loss import Loss
from strate.losses.squared_error import reduction_of, values


class Huber(Loss):
    """J = sum over components of d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2); d = y - t.

    A squared error that outliers pull at with no more than delta (Huber, "Robust estimation of a
    location parameter", 1964). The gradient is d held within [-delta, delta].

    Args:
        delta: where the square ends and the line begins, above 0. Default: 1.
        reduction: "mean" (default) or "sum" over samples.
    Raises:
        ValueError: an unknown reduction, a delta that is not above 0.

    >>> loss, dy = st.Huber()(st.tensor([[3.0, 0.5]]), st.tensor([[0.0, 0.0]]))
    >>> float(loss), dy.tolist()
    (2.625, [[1.0, 0.5]])
    """

    capturable = True

    def __init__(self, delta: float = 1.0, reduction: str = "mean"):
        self.delta, self.reduction = float(delta), reduction_of(reduction)
        if not (isfinite(self.delta) and self.delta > 0):
            raise ValueError(f"Huber: delta is above 0; got delta={delta}")
        self.mean = reduction == "mean"
        d = f"{self.delta:g}"
        self.formula = (
            f"J = sum_i d_i^2 / 2 where |d_i| <= {d}, else {d} (|d_i| - {d} / 2), d = y - t, "
            f"{reduction} over samples"
        )

    def __call__(self, y, target):
        return _core.pointwise_loss(y, target, "huber", self.delta, self.reduction)

    def prepare(self, target, output_shape, dtype):
        return values(target, output_shape, dtype)
