from __future__ import annotations

from strate import _core
from strate.tensor import as_tensor


def squared_error(y, target, *, factor: float = 0.5, reduction: str = "mean"):
    """J = factor * sum over components of (y - target)^2, averaged or summed over samples.

    dy = 2 factor (y - target), divided by the number of samples for "mean" (lecture, p. 22 and 49).

    Args:
        y, target: (N, ...), the same shape: nothing broadcasts.
        factor: 0.5 as on p. 49 of the lecture, 1 as on p. 22.
        reduction: "mean" or "sum" over samples.
    Returns:
        (J, dy): J a float64 tensor of shape (), dy in the shape of y.
    Raises:
        ValueError: shapes that differ.

    >>> loss, dy = st.ops.squared_error(st.tensor([[1.0, 3.0]]), st.tensor([[0.0, 1.0]]))
    >>> float(loss), dy.tolist()
    (2.5, [[1.0, 2.0]])
    """
    return _core.squared_error(as_tensor(y), as_tensor(target), factor, reduction)
