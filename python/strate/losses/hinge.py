from __future__ import annotations

from strate import _core
from strate.losses.loss import Loss
from strate.losses.squared_error import reduction_of, values


class Hinge(Loss):
    """J = sum_i max(0, 1 - t_i y_i), t_i -1 or 1, mean or sum over samples.

    The loss of support vector machines (Cortes, Vapnik, "Support-vector networks", 1995). The
    gradient is -t where the margin t y is below 1, else 0.

    Args:
        reduction: "mean" (default) or "sum" over samples.
    Shapes:
        y (N, ...); target (N, ...), the same shape, -1 or 1
    Raises:
        ValueError: a target that is neither -1 nor 1; shapes that differ.

    >>> loss, dy = st.Hinge()(st.tensor([[0.5, 3.0]]), st.tensor([[-1.0, 1.0]]))
    >>> float(loss), dy.tolist()
    (1.5, [[1.0, 0.0]])
    """

    capturable = True
    classes = True
    binary = True

    def __init__(self, reduction: str = "mean"):
        self.reduction = reduction_of(reduction)
        self.mean = reduction == "mean"
        self.formula = f"J = sum_i max(0, 1 - t_i y_i), t_i -1 or 1, {reduction} over samples"

    def __call__(self, y, target):
        return _core.pointwise_loss(y, target, "hinge", 0.0, self.reduction)

    def check(self, output_activation):
        if output_activation in ("sigmoid", "softmax"):
            raise ValueError(
                "hinge needs an output that reaches from -1 to 1, a linear one or tanh; "
                f"got activation={output_activation!r} on the last layer"
            )

    def prepare(self, target, output_shape, dtype):
        target = values(target, output_shape, dtype)
        wrong = (target != 1) & (target != -1)
        if wrong.any():
            raise ValueError(f"targets are -1 or 1; got {target[wrong][0]:g}")
        return target
