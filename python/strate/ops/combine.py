from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def combine_forward(a, b, kind: str, *, activation: str = "identity", slope: float = 0.01) -> Tensor:
    """y = g(a + b) or g(a b), number by number.

    Args:
        a: (N, ..., C).
        b: in the shape of a, or (N, 1, ..., 1, C): one number for each map, spread over its positions.
        kind: "add" or "multiply".
        activation: g, elementwise, by name.
        slope: of leaky_relu below zero.
    Returns:
        y, in the shape of a.
    Raises:
        ValueError: shapes that do not fit, an unknown kind, softmax.

    >>> st.ops.combine_forward(st.ones((1, 2, 2, 3)), st.ones((1, 1, 1, 3)), "add").numpy().sum()
    np.float32(24.0)
    """
    return _core.combine_forward(as_tensor(a), as_tensor(b), settings(kind, activation, slope))


def combine_backward(
    dy, y, a, b, kind: str, *, activation: str = "identity", slope: float = 0.01
) -> tuple[Tensor, Tensor]:
    """(da, db) of `combine_forward`: g'(y) dy, times the other operand for a product.

    Args:
        dy, y: the same shape; y is what forward returned.
        a, b: as in forward.
        kind, activation, slope: as in forward.
    Returns:
        da in the shape of a, db in the shape of b: summed over the positions where b was spread.

    >>> two, three = st.full((1, 1), 2.0), st.full((1, 1), 3.0)
    >>> da, db = st.ops.combine_backward(st.ones((1, 1)), st.full((1, 1), 6.0), two, three, "multiply")
    >>> da.tolist(), db.tolist()
    ([[3.0]], [[2.0]])
    """
    a, b = as_tensor(a), as_tensor(b)
    combine = settings(kind, activation, slope)
    return _core.combine_backward(as_tensor(dy), as_tensor(y), a, b, b.shape, combine)


def settings(kind: str, activation: str, slope: float) -> _core.Combine:
    return _core.Combine(kind, _core.Activation(activation, slope))
