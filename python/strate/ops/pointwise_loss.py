from __future__ import annotations

from strate import _core
from strate.tensor import as_tensor


def huber(y, target, *, delta: float = 1.0, reduction: str = "mean"):
    """J = sum over components of d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2); d = y - target.

    dy = d held within [-delta, delta], divided by the number of samples for "mean".

    Args:
        y, target: (N, ...), the same shape: nothing broadcasts.
        delta: where the square ends and the line begins.
        reduction: "mean" or "sum" over samples.
    Returns:
        (J, dy): J a float64 tensor of shape (), dy in the shape of y.
    Raises:
        ValueError: shapes that differ.

    >>> loss, dy = st.ops.huber(st.tensor([[3.0, 0.5]]), st.tensor([[0.0, 0.0]]))
    >>> float(loss), dy.tolist()
    (2.625, [[1.0, 0.5]])
    """
    return _core.pointwise_loss(as_tensor(y), as_tensor(target), "huber", delta, reduction)


def binary_cross_entropy(y, target, *, label_smoothing: float = 0.0, reduction: str = "mean"):
    """J = -sum over components of (t log p + (1 - t) log(1 - p)), p = sigmoid(y).

    dy = p - t, divided by the number of samples for "mean".

    Args:
        y: (N, ...), logits.
        target: probabilities t in the shape of y: nothing broadcasts.
        label_smoothing: s, t becomes (1 - s) t + s / 2.
        reduction: "mean" or "sum" over samples.
    Returns:
        (J, dy): J a float64 tensor of shape (), dy in the shape of y.
    Raises:
        ValueError: shapes that differ.

    >>> loss, dy = st.ops.binary_cross_entropy(st.tensor([[0.0]]), st.tensor([[1.0]]))
    >>> round(float(loss), 4), dy.tolist()
    (0.6931, [[-0.5]])
    """
    kind = "binary_cross_entropy"
    return _core.pointwise_loss(as_tensor(y), as_tensor(target), kind, label_smoothing, reduction)


def hinge(y, target, *, reduction: str = "mean"):
    """J = sum over components of max(0, 1 - t y), t -1 or 1.

    dy = -t where 1 - t y is above 0, else 0, divided by the number of samples for "mean".

    Args:
        y, target: (N, ...), the same shape: nothing broadcasts.
        reduction: "mean" or "sum" over samples.
    Returns:
        (J, dy): J a float64 tensor of shape (), dy in the shape of y.
    Raises:
        ValueError: shapes that differ.

    >>> loss, dy = st.ops.hinge(st.tensor([[0.5, 3.0]]), st.tensor([[-1.0, 1.0]]))
    >>> float(loss), dy.tolist()
    (1.5, [[1.0, 0.0]])
    """
    return _core.pointwise_loss(as_tensor(y), as_tensor(target), "hinge", 0.0, reduction)
