from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def concat_forward(xs) -> Tensor:
    """Maps side by side, along the last axis.

    Args:
        xs: tensors (..., C_i) that agree in everything but C_i.
    Returns:
        y (..., C_1 + C_2 + ...).
    Raises:
        ValueError: no tensors, or shapes that differ elsewhere.

    >>> st.ops.concat_forward([st.zeros((1, 1)), st.ones((1, 2))]).tolist()
    [[0.0, 1.0, 1.0]]
    """
    return _core.concat_forward([as_tensor(x) for x in xs])


def concat_backward(dy, maps) -> list[Tensor]:
    """dx_i of `concat_forward`: each its part of dy.

    Args:
        dy: (..., C_1 + C_2 + ...).
        maps: the numbers C_i.

    >>> [dx.tolist() for dx in st.ops.concat_backward(st.tensor([[1.0, 2.0, 3.0]]), [1, 2])]
    [[[1.0]], [[2.0, 3.0]]]
    """
    return _core.concat_backward(as_tensor(dy), list(maps))
