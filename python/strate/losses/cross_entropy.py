from __future__ import annotations

from operator import index

import numpy as np

from strate import _core
from strate.losses.loss import Loss, same_shape
from strate.losses.squared_error import reduction_of
from strate.shapes import batch, text
from strate.tensor import real, tensor


class CrossEntropy(Loss):
    """J = -sum_i t_i log softmax(z)_i, mean or sum over samples (lecture, p. 52-54).

    On a softmax output the two are computed as one, and the gradient by the logits z is
    softmax(z) - t. On a linear output the outputs are the logits. Any other activation is an error.

    Args:
        class_weight: one weight for each class; a mean then divides by the sum of weights.
        label_smoothing: s: targets become (1 - s) t + s / classes.
        ignore_index: samples of this class count for nothing.
        reduction: "mean" (default) or "sum" over samples.
    Shapes:
        y (N, ..., classes); target (N, ...) whole numbers, or (N, ..., classes) probabilities
    Raises:
        ValueError: a label out of range, with its row; shapes that do not fit.

    >>> loss, dy = st.CrossEntropy()(st.tensor([[0.0, 0.0]]), st.tensor([1]))
    >>> round(float(loss), 4), dy.tolist()
    (0.6931, [[0.5, -0.5]])
    """

    capturable = True
    fuses = "softmax"
    classes = True
    background: float | None = None  # logit of one more class, which no sample belongs to

    def __init__(
        self,
        class_weight=None,
        label_smoothing: float = 0.0,
        ignore_index: int | None = None,
        reduction: str = "mean",
    ):
        self.class_weight = None if class_weight is None else [float(w) for w in class_weight]
        self.label_smoothing = float(label_smoothing)
        self.ignore_index = None if ignore_index is None else index(ignore_index)
        self.reduction = reduction_of(reduction)
        self.mean = reduction == "mean"
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"CrossEntropy: 0 <= label_smoothing < 1; got label_smoothing={label_smoothing}")
        if self.class_weight is not None and not all(0 <= w < np.inf for w in self.class_weight):
            raise ValueError(f"CrossEntropy: weights are 0 or more; got class_weight={class_weight}")
        self._weights: dict = {}

    def __call__(self, y, target):
        return _core.cross_entropy(
            y,
            target,
            self._weight_for(y),
            self.label_smoothing,
            self.ignore_index,
            True,
            self.reduction,
            self.background,
        )

    def check(self, output_activation):
        if output_activation not in ("softmax", "identity"):
            raise ValueError(
                "cross_entropy needs a softmax output, or a linear one whose values are logits; "
                f"got activation={output_activation!r} on the last layer"
            )

    def prepare(self, target, output_shape, dtype):
        target = real(np.asarray(target))
        classes = output_shape[-1] if output_shape else 0
        if self.class_weight is not None and len(self.class_weight) != classes:
            raise ValueError(f"class_weight has {len(self.class_weight)} values for {classes} classes")
        if target.dtype.kind == "f" or target.shape[1:] == output_shape:
            if target.shape[1:] == output_shape[:-1] != output_shape:
                raise ValueError(f"labels are whole numbers, y.astype(int); got dtype={target.dtype}")
            same_shape(target.shape, output_shape)
            return np.ascontiguousarray(target, dtype)
        if target.shape[1:] != output_shape[:-1]:
            raise ValueError(
                f"the model gives {text(output_shape)} for a sample, so labels have shape "
                f"{batch(output_shape[:-1])} or {batch(output_shape)}; got target shape {target.shape}"
            )
        return self._labels(target, classes)

    def takes(self, target, output_shape):
        if self.class_weight is not None or not output_shape or target.shape[1:] != output_shape[:-1]:
            return False
        return _core.are_labels(target, output_shape[-1])

    def _labels(self, target: np.ndarray, classes: int) -> np.ndarray:
        if target.dtype == np.int64 and (not target.size or target.view(np.uint64).max() < classes):
            return np.ascontiguousarray(target)
        wrong = (target < 0) | (target >= classes)
        if self.ignore_index is not None:
            wrong &= target != self.ignore_index
        if wrong.any():
            row = tuple(int(place) for place in np.argwhere(wrong)[0])
            place = row[0] if len(row) == 1 else row
            raise ValueError(
                f"labels lie in 0 ... {classes - 1}; got target[{place}]={int(target[row])} (row {row[0]})"
            )
        return np.ascontiguousarray(target, np.int64)

    def weight(self, target):
        if self.class_weight is None and self.ignore_index is None:
            return len(target)
        values = target.numpy()
        if values.dtype.kind == "f":
            return len(target) if self.class_weight is None else float((values @ self.class_weight).sum())
        values = values if self.ignore_index is None else values[values != self.ignore_index]
        return values.size if self.class_weight is None else float(np.take(self.class_weight, values).sum())

    def describe(self, output_activation):
        smooth = f", t smoothed by {self.label_smoothing:g}" if self.label_smoothing else ""
        weights = ", weighted by class" if self.class_weight is not None else ""
        ignored = f", class {self.ignore_index} ignored" if self.ignore_index is not None else ""
        end = f"{self.reduction} over samples{smooth}{weights}{ignored}"
        if output_activation == "softmax":
            return f"J = -sum_i t_i log y_i, {end}; with the softmax output, dz = y - t"
        return f"J = -sum_i t_i log softmax(y)_i, {end}; the outputs y are logits"

    def _weight_for(self, y):
        if self.class_weight is None:
            return None
        kind = y.dtype, y.device
        if kind not in self._weights:
            self._weights[kind] = tensor(self.class_weight, *kind)
        return self._weights[kind]
