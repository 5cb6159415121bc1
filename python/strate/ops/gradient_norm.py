from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, tensor


def gradient_norm(gradient: Tensor, segments=None) -> float:
    """sqrt(sum g^2) over a flat gradient, summed in double precision: its length.

    Args:
        gradient: (P).
        segments: rows (begin, end, decays): the parts that count. Default: all of it.

    >>> st.ops.gradient_norm(st.tensor([3.0, 4.0]))
    5.0
    """
    rows = [[0, gradient.size, 1]] if segments is None else segments
    return float(_core.gradient_norm(gradient, tensor(rows, "int64")))
