from __future__ import annotations

from strate import _core
from strate.tensor import as_tensor


def cross_entropy(
    y,
    target,
    *,
    class_weight=None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    from_logits: bool = True,
    reduction: str = "mean",
    background: float | None = None,
):
    """J = -sum over classes of t_i log p_i, averaged or summed over samples (lecture, p. 52-54).

    With logits p = softmax(y) and dy = p - t for each sample, weighted; otherwise p = y and
    dy = -t / y.

    Args:
        y: (..., classes), logits or probabilities.
        target: whole numbers (...), the class of each sample; or (..., classes), one-hot or any
            probabilities t.
        class_weight: (classes), weight of each class; a mean divides by the sum of weights.
        label_smoothing: s, t becomes (1 - s) t + s / classes.
        ignore_index: samples of this class count for nothing.
        from_logits: whether y holds logits.
        reduction: "mean" or "sum" over samples.
        background: logit of one more class, which no sample belongs to and which has no output: it
            counts in the sum of the softmax alone.
    Returns:
        (J, dy): J a float64 tensor of shape (), dy in the shape of y.
    Raises:
        ValueError: shapes that do not fit.
        IndexError: a label out of range, with its row.

    >>> loss, dy = st.ops.cross_entropy(st.tensor([[0.0, 0.0]]), st.tensor([1]))
    >>> round(float(loss), 4), dy.tolist()
    (0.6931, [[0.5, -0.5]])
    """
    y = as_tensor(y)
    weight = None if class_weight is None else as_tensor(class_weight, y.dtype)
    return _core.cross_entropy(
        y, as_tensor(target), weight, label_smoothing, ignore_index, from_logits, reduction, background
    )
