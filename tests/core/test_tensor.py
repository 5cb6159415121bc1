"""Tensors: shape, views, copies, element types, devices, and the errors of each."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

from strate import _core

from .conftest import NUMPY_OF


def values(dtype: str, shape=(2, 3, 4)) -> np.ndarray:
    return (np.arange(np.prod(shape)).reshape(shape) % 7).astype(NUMPY_OF[dtype])


def test_every_dtype_keeps_its_values(dtype):
    array = values(dtype)
    tensor = _core.tensor(array)
    assert (tensor.dtype, tensor.shape, tensor.ndim, tensor.size) == (dtype, (2, 3, 4), 3, 24)
    assert tensor.nbytes == array.nbytes and tensor.strides == (12, 4, 1)
    assert tensor.device == "cpu" and not tensor.read_only
    assert tensor.numpy().dtype == array.dtype
    np.testing.assert_array_equal(tensor.numpy(), array)
    assert tensor.tolist() == array.tolist()


def test_python_numbers_and_lists():
    assert _core.tensor(3).dtype == "int64" and _core.tensor(3).shape == ()
    assert _core.tensor([1.5, 2]).dtype == "float64"
    assert _core.tensor([[True], [False]]).dtype == "bool"
    assert _core.tensor([1, 2], dtype="float32").dtype == "float32"
    assert _core.tensor([]).shape == (0,)
    assert _core.tensor(_core.tensor([1, 2])).tolist() == [1, 2]


def test_as_read_only_views_the_same_memory():
    tensor = _core.zeros(3)
    locked = tensor.as_read_only()
    tensor[0] = 1
    assert locked.tolist() == [1, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        locked[0] = 2


def test_no_axes():
    tensor = _core.full((), 2.75, "float64")
    assert (tensor.shape, tensor.size, tensor.ndim, tensor.strides) == ((), 1, 0, ())
    assert tensor.item() == 2.75 and float(tensor) == 2.75 and int(tensor) == 2 and bool(tensor)
    assert tensor[()].item() == tensor[...].item() == 2.75
    tensor[()] = 5
    assert tensor.numpy() == 5
    with pytest.raises(TypeError, match="without axes has no length"):
        len(tensor)
    with pytest.raises(IndexError, match="too many indices"):
        tensor[0]


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 5, 2), (2**20, 0, 2**20)])
def test_empty_tensors(shape, dtype):
    tensor = _core.zeros(shape, dtype)
    assert tensor.shape == shape and tensor.size == 0 and tensor.nbytes == 0
    assert tensor.numpy().shape == shape
    tensor.fill(1)
    assert tensor.copy().shape == shape and tensor.astype("float64").shape == shape
    assert tensor.contiguous().shape == shape and tensor.reshape((0,)).shape == (0,)
    assert _core.from_numpy(np.zeros(shape, NUMPY_OF[dtype])).shape == shape


@pytest.mark.parametrize("shape", [(0, 2**40, 2**40), (2**40, 2**40, 0)])
def test_empty_tensors_whose_other_sizes_overflow(shape):
    tensor = _core.zeros(shape)
    assert tensor.size == 0 and tensor.reshape((0,)).shape == (0,) and tensor.copy().shape == shape


def test_item_needs_one_value():
    assert _core.tensor([[7]]).item() == 7
    with pytest.raises(ValueError, match=r"\[item\] one value is needed; got shape=\(2,\)"):
        float(_core.zeros(2))


def test_reshape_views():
    tensor = _core.tensor(np.arange(12.0))
    assert tensor.reshape((3, -1)).shape == (3, 4)
    assert tensor.reshape(-1).shape == (12,)
    tensor.reshape((2, 6))[1, 0] = 99
    assert tensor[6].item() == 99
    for wanted in [(5,), (5, -1), (-1, -1), (-2, 6), (0, -1), (2**40, 2**40)]:
        with pytest.raises(ValueError, match=r"\[reshape\]|\[shape\]"):
            tensor.reshape(wanted)
    with pytest.raises(ValueError, match="only a contiguous tensor"):
        tensor.reshape((3, 4)).transpose((1, 0)).reshape((12,))


def test_transpose_views():
    array = np.arange(24.0).reshape(2, 3, 4)
    tensor = _core.tensor(array)
    for axes in [(0, 1, 2), (2, 0, 1), (1, 2, 0), (-1, 0, 1)]:
        np.testing.assert_array_equal(tensor.transpose(axes).numpy(), array.transpose(axes))
    tensor.transpose((2, 1, 0))[3, 2, 1] = -1
    assert tensor[1, 2, 3].item() == -1
    for axes in [(0, 1), (0, 0, 1), (0, 1, 3), (0, 1, 2, 3)]:
        with pytest.raises(ValueError, match=r"\[transpose\] axes are a permutation"):
            tensor.transpose(axes)


def test_empty_in_order_holds_the_axes_in_that_order():
    tensor = _core.empty_in_order((2, 3, 5), (2, 0, 1))
    assert tensor.shape == (2, 3, 5) and tensor.strides == (3, 1, 6)


def test_astype_and_copy_make_new_memory(dtype):
    tensor = _core.tensor(values(dtype))
    for made in (tensor.copy(), tensor.astype(dtype)):
        assert made.dtype == dtype and made.numpy().ctypes.data != tensor.numpy().ctypes.data
    for other, code in NUMPY_OF.items():
        np.testing.assert_array_equal(tensor.astype(other).numpy(), values(dtype).astype(code))


def test_devices():
    tensor = _core.zeros(2)
    assert tensor.to("cpu").numpy().ctypes.data == tensor.numpy().ctypes.data
    reason = _core.cuda_unavailable()  # of a build without kernels, or of a machine without a driver
    for asked in (lambda: tensor.to("cuda"), lambda: _core.zeros(2, device="cuda")):
        if reason:
            with pytest.raises(RuntimeError, match=re.escape(reason)):
                asked()
        else:
            assert asked().device == "cuda"
    with pytest.raises(ValueError, match=r"\[device\] a device is 'cpu' or 'cuda'; got 'gpu'"):
        tensor.to("gpu")


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        ((-1,), ValueError),
        ((1,) * 9, ValueError),
        ((2**64,), ValueError),
        ((2**40, 2**40), ValueError),
        ((2.5,), TypeError),
        ("ab", TypeError),
        (None, TypeError),
    ],
)
def test_bad_shapes(shape, error):
    with pytest.raises(error, match=r"\[(shape|empty)\]"):
        _core.empty(shape)


def test_unknown_dtype_lists_the_known_ones():
    known = "float32, float64, int32, int64, uint8, bool or bfloat16; got 'float16'"
    with pytest.raises(TypeError, match=known):
        _core.empty(2, "float16")


def test_tensors_are_not_pickled_or_subclassed():
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="tensors are not pickled"):
            attempt(_core.zeros(2))
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Own", (_core.Tensor,), {})


def test_representation_shows_values_shape_and_dtype():
    assert repr(_core.tensor([1, 2])) == "Tensor([1 2], shape=(2,), dtype=int64)"
