"""Tensors: memory with a shape, a dtype and a device, made here and read by every op."""

from __future__ import annotations

import numpy as np

from strate._core import Tensor, empty, from_dlpack, from_numpy, full, tensor, zeros

__all__ = ["Tensor", "as_tensor", "empty", "from_dlpack", "from_numpy", "full", "ones", "tensor", "zeros"]


def ones(shape, dtype: str = "float32", device: str = "cpu") -> Tensor:
    """A tensor filled with ones.

    Args:
        shape: a number or a tuple of numbers.
        dtype: "float32", "float64", "int32", "int64", "uint8" or "bool".
        device: "cpu" or "cuda".

    >>> st.ones((2, 3)).shape
    (2, 3)
    """
    return full(shape, 1, dtype, device)


def as_tensor(value, dtype: str | None = None, device: str | None = None) -> Tensor:
    """`value` as a tensor, sharing its memory where layout, dtype and device allow.

    Args:
        value: a tensor, a numpy array, or anything that `numpy.asarray` understands.
        dtype: the dtype wanted. Default: the value's own.
        device: where it is wanted. Default: where it is.
    Raises:
        TypeError: numbers that a tensor cannot hold (text, complex, objects).

    >>> from strate.tensor import as_tensor
    >>> as_tensor([1, 2], "float32").dtype
    'float32'
    """
    if type(value) is not Tensor:
        array = np.asarray(value)
        if dtype is not None and array.dtype.name != dtype:
            array = real(array).astype(dtype)
        value = from_numpy(array)
    value = value if dtype is None or value.dtype == dtype else value.astype(dtype)
    return value if device is None else value.to(device)


def real(array: np.ndarray) -> np.ndarray:
    """`array` if it holds real numbers, else a TypeError."""
    if array.dtype.kind in "biuf" or array.dtype.name == "bfloat16":
        return array
    raise TypeError(f"[tensor] real numbers are needed; got dtype={array.dtype}, shape={array.shape}")
