from __future__ import annotations

from strate import _core
from strate.losses.loss import Loss
from strate.losses.squared_error import reduction_of, values


class BinaryCrossEntropy(Loss):
    """J = -sum_i (t_i log p_i + (1 - t_i) log(1 - p_i)), p = sigmoid(z), mean or sum over samples.

    Every output is a class of its own, there or not. On a sigmoid output the two are computed as
    one, and the gradient by the logits z is p - t. On a linear output the outputs are the logits.
    Any other activation is an error.

    Args:
        label_smoothing: s: targets become (1 - s) t + s / 2.
        reduction: "mean" (default) or "sum" over samples.
    Shapes:
        y (N, ...); target (N, ...), the same shape, numbers in 0 ... 1
    Raises:
        ValueError: a target outside of 0 ... 1; shapes that differ.

    >>> loss, dy = st.BinaryCrossEntropy()(st.tensor([[0.0]]), st.tensor([[1.0]]))
    >>> round(float(loss), 4), dy.tolist()
    (0.6931, [[-0.5]])
    """

    capturable = True
    fuses = "sigmoid"
    classes = True
    binary = True

    def __init__(self, label_smoothing: float = 0.0, reduction: str = "mean"):
        self.label_smoothing, self.reduction = float(label_smoothing), reduction_of(reduction)
        self.mean = reduction == "mean"
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(
                f"BinaryCrossEntropy: 0 <= label_smoothing < 1; got label_smoothing={label_smoothing}"
            )

    def __call__(self, y, target):
        kind = "binary_cross_entropy"
        return _core.pointwise_loss(y, target, kind, self.label_smoothing, self.reduction)

    def check(self, output_activation):
        if output_activation not in ("sigmoid", "identity"):
            raise ValueError(
                "binary_cross_entropy needs a sigmoid output, or a linear one whose values are logits; "
                f"got activation={output_activation!r} on the last layer"
            )

    def prepare(self, target, output_shape, dtype):
        target = values(target, output_shape, dtype)
        wrong = (target < 0) | (target > 1)  # NaN is named by the step that meets it
        if wrong.any():
            raise ValueError(f"targets lie in 0 ... 1; got {target[wrong][0]:g}")
        return target

    def describe(self, output_activation):
        smooth = f", t smoothed by {self.label_smoothing:g}" if self.label_smoothing else ""
        end = f"{self.reduction} over samples{smooth}"
        if output_activation == "sigmoid":
            formula = "-sum_i (t_i log y_i + (1 - t_i) log(1 - y_i))"
            return f"J = {formula}, {end}; with the sigmoid output, dz = y - t"
        formula = "-sum_i (t_i log p_i + (1 - t_i) log(1 - p_i))"
        return f"J = {formula}, p = sigmoid(y), {end}; the outputs y are logits"
