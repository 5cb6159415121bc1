from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def gather(
    source, indices, scale: float = 1.0, dtype: str | None = None, out: Tensor | None = None
) -> Tensor:
    """y[n] = scale * source[indices[n]], in another dtype if asked: how a batch is drawn.

    Args:
        source: (N, ...), float32, float64, int32, int64 or uint8.
        indices: (B), whole numbers in 0 ... N - 1.
        scale: factor, for a real dtype.
        dtype: of the result. Default: the source's own, unscaled.
        out: contiguous memory for y, of the dtype wanted. Default: new memory.
    Returns:
        y (B, ...).
    Raises:
        IndexError: an index out of range.
        TypeError: indices that are not whole numbers, or not in one row.

    >>> st.ops.gather(st.tensor([[1.0], [2.0], [3.0]]), [2, 0]).tolist()
    [[3.0], [1.0]]
    """
    indices = as_tensor(indices)
    if indices.dtype in ("int32", "uint8") or not indices.size:
        indices = indices.astype("int64")
    if out is None:
        return _core.gather(as_tensor(source), indices, scale, dtype)
    _core.gather_into(out, as_tensor(source), indices, scale)
    return out
