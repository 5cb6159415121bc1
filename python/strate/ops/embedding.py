from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor, empty


def embedding_forward(x, weight) -> Tensor:
    """y[...] = weight[x[...]]: a row of weights for every whole number.

    Args:
        x: (...), whole numbers in 0 ... vocabulary - 1, of any dtype.
        weight: (vocabulary, units).
    Returns:
        y (..., units).
    Raises:
        ValueError: a number that is not whole or out of range, with its place in x.

    >>> st.ops.embedding_forward([1, 0], st.tensor([[0.5, 0.25], [1.0, 2.0]])).tolist()
    [[1.0, 2.0], [0.5, 0.25]]
    """
    return _core.embedding_forward(as_tensor(x), as_tensor(weight))[0]


def embedding_backward(dy, x, vocabulary: int) -> Tensor:
    """Gradient of `embedding_forward` by its weight: dweight[v] = sum of dy[r] over x[r] = v, in their order.

    Args:
        dy: (..., units), gradient of the loss by y.
        x: as given to `embedding_forward`.
        vocabulary: number of rows of the weight.
    Returns:
        dweight (vocabulary, units).
    Raises:
        ValueError: shapes that do not fit, a number out of range.

    >>> st.ops.embedding_backward(st.tensor([[1.0], [2.0], [3.0]]), [1, 0, 1], 2).tolist()
    [[2.0], [4.0]]
    """
    dy = as_tensor(dy)
    dweight = empty((vocabulary, dy.shape[-1] if dy.ndim else 0), dy.dtype)
    _core.embedding_backward(dy, as_tensor(x, "int64"), dweight)
    return dweight
