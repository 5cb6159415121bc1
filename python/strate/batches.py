"""Data on their way into a model: kept in their own dtype, gathered and converted batch by batch."""

from __future__ import annotations

import numpy as np

from strate.ops.gather import gather
from strate.tensor import Tensor, as_tensor, from_numpy, real

KEPT = ("float32", "float64", "int32", "int64", "uint8")
KEPT_DTYPES = frozenset(map(np.dtype, KEPT))
SCALE = 1 / 255  # of uint8 images


def source(x, dtype: str, whole_numbers: bool = False) -> Tensor:
    """x as a contiguous tensor: in its own dtype where a batch can be gathered from it, else in `dtype`.

    Bytes that are whole numbers rather than an image become int32, so that nobody scales them.

    Raises:
        TypeError: not real numbers.
        ValueError: not a rectangular array.
    """
    if type(x) is Tensor:
        if whole_numbers and x.dtype == "uint8":
            return x.astype("int32")
        return x.contiguous() if x.dtype in KEPT else x.astype(dtype)
    array = rectangular(x)
    if whole_numbers and array.dtype == np.uint8:
        array = array.astype(np.int32)
    if array.dtype not in KEPT_DTYPES or not array.dtype.isnative:
        array = array.astype(dtype)
    return from_numpy(np.ascontiguousarray(array) if array.ndim else array)


def rectangular(x) -> np.ndarray:
    """x as an array of real numbers."""
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"samples have one shape: {error}") from error
    return real(array)


def inputs(
    data: Tensor,
    rows: Tensor,
    dtype: str,
    augment=None,
    random: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Rows of inputs as a batch in the model's dtype, changed by `augment`; `out`: memory for it."""
    scale = SCALE if data.dtype == "uint8" else 1.0
    if augment is None:
        return gather(data, rows, scale, dtype, out)
    return augment(data, rows, random, scale, dtype, out)


def images(data: Tensor, begin: int, end: int, dtype: str) -> Tensor:
    """Inputs begin ... end in the model's dtype: a view where nothing has to be converted."""
    if data.dtype == dtype:
        return data if begin == 0 and end == len(data) else data[begin:end]
    return inputs(data, from_numpy(np.arange(begin, end)), dtype)


def targets(y, model, loss) -> Tensor:
    """Targets of a data set, checked by the loss against the model's output."""
    if type(y) is Tensor:
        if loss.takes(y, model.output_shape):
            return y
        y = y.numpy()
    return as_tensor(loss.prepare(y, model.output_shape, model.dtype))
