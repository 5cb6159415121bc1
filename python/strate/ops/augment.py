from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def augment(
    source,
    indices,
    random,
    *,
    flip: bool = True,
    shift: int = 0,
    scale: float = 1.0,
    dtype: str = "float32",
    out: Tensor | None = None,
) -> Tensor:
    """y[n] = scale * source[indices[n]], mirrored and moved at random: how a training batch is drawn.

    Args:
        source: images (N, H, W, C), float32, float64, int32, int64 or uint8.
        indices: (B), whole numbers in 0 ... N - 1.
        random: two whole numbers, a seed and a counter; with the image's index they make its draw.
        flip: whether left and right are exchanged, in every second image.
        shift: images move by up to this many pixels, in both directions; zeros move in.
        scale: factor.
        dtype: of the result, "float32" or "float64".
        out: contiguous memory for y, whose dtype counts then. Default: new memory.
    Returns:
        y (B, H, W, C).
    Raises:
        IndexError, ValueError: an index out of range, a shift as large as the image.

    >>> x = numpy.arange(3.0).reshape(1, 1, 3, 1)
    >>> sorted(set(tuple(st.ops.augment(x, [0], [5, i]).numpy().ravel().tolist()) for i in range(20)))
    [(0.0, 1.0, 2.0), (2.0, 1.0, 0.0)]
    """
    given = as_tensor(source), as_tensor(indices, "int64"), flip, shift, as_tensor(random, "int64"), scale
    if out is None:
        return _core.augment(*given, dtype)
    _core.augment_into(out, *given)
    return out
