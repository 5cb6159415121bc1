"""Tensors and numpy: memory shared where the layout allows, copied where it does not, never misread."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from strate import _core

from .conftest import NUMPY_OF


def values(dtype: str, shape=(2, 3, 4)) -> np.ndarray:
    return (np.arange(np.prod(shape)).reshape(shape) % 7).astype(NUMPY_OF[dtype])


def same_memory(tensor, array: np.ndarray) -> bool:
    return tensor.numpy().ctypes.data == array.ctypes.data


def test_numpy_view_shares_memory_and_keeps_it_alive(dtype):
    tensor = _core.zeros((3, 5), dtype)
    view = tensor.numpy()
    view[1, 2] = 1
    assert tensor[1, 2].item() == 1
    del tensor
    gc.collect()
    assert view.sum() == 1


def test_a_copy_is_an_array_of_its_own(dtype):
    tensor = _core.tensor(values(dtype)).transpose((2, 0, 1))
    copy = tensor.numpy(copy=True)
    assert copy.flags.owndata and copy.flags.writeable and np.array_equal(copy, tensor.numpy())
    copy[...] = 1 - copy
    assert not np.array_equal(copy, tensor.numpy())
    assert _core.from_numpy(np.frombuffer(b"1234", "u1")).numpy(copy=True).flags.writeable


def test_from_numpy_shares_memory_and_keeps_it_alive():
    array = np.arange(6.0)
    alive = weakref.ref(array)
    tensor = _core.from_numpy(array)
    assert same_memory(tensor, array)
    tensor[2] = 40
    assert array[2] == 40
    del array
    gc.collect()
    assert alive() is not None and tensor.tolist() == [0, 1, 40, 3, 4, 5]
    del tensor
    gc.collect()
    assert alive() is None


def test_tensor_copies_to_aligned_memory():
    array = np.arange(6.0)
    tensor = _core.tensor(array)
    array[0] = 9
    assert tensor[0].item() == 0
    assert tensor.numpy().ctypes.data % 64 == 0


@pytest.mark.parametrize(
    "layout",
    [
        lambda a: a[::-1],
        lambda a: a[:, ::2],
        lambda a: a.transpose(2, 0, 1),
        lambda a: np.asfortranarray(a),
        lambda a: np.broadcast_to(a[:1], a.shape),
        lambda a: a[:, 1:2, :],
    ],
    ids=["reversed", "every second", "transposed", "fortran", "broadcast", "one column"],
)
def test_strided_arrays_are_shared_with_their_strides(layout, dtype):
    array = layout(values(dtype))
    tensor = _core.from_numpy(array)
    assert same_memory(tensor, array)
    assert tensor.strides == tuple(step // array.itemsize for step in array.strides)
    np.testing.assert_array_equal(tensor.numpy(), array)
    np.testing.assert_array_equal(tensor.contiguous().numpy(), array)
    assert tensor.contiguous().numpy().flags.c_contiguous


def test_misaligned_and_packed_arrays_are_copied():
    raw = np.zeros(41, "u1")
    misaligned = raw[1:41].view("f8")
    misaligned[:] = [1, 2, 3, 4, 5]
    packed = np.zeros(3, np.dtype([("tag", "u1"), ("value", "f4")]))
    packed["value"] = [1, 2, 3]
    for array in (misaligned, packed["value"]):
        tensor = _core.from_numpy(array)
        assert not same_memory(tensor, array)
        assert tensor.numpy().flags.aligned
        np.testing.assert_array_equal(tensor.numpy(), array)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (">f4", "float32"),
        (">f8", "float64"),
        (">i4", "int64"),
        (">i8", "int64"),
        ("f2", "float32"),
        (">f2", "float32"),
        ("i1", "int64"),
        ("i2", "int64"),
        ("u2", "int64"),
        ("u4", "int64"),
        ("u8", "int64"),
        ("g", "float64"),
    ],
)
def test_foreign_number_types_become_the_next_wider_one(source, expected):
    array = np.array([0, 1, 100], source)
    tensor = _core.from_numpy(array)
    assert tensor.dtype == expected
    assert tensor.tolist() == [0, 1, 100]


def test_uint64_beyond_int64_is_an_error():
    assert _core.tensor(np.array([2**63 - 1], "u8")).tolist() == [2**63 - 1]
    with pytest.raises(ValueError, match=r"\[tensor\].*64 bits.*9223372036854775808"):
        _core.tensor(np.array([1, 2**63], "u8"))


@pytest.mark.parametrize(
    "thing",
    [
        np.array(["a", "b"]),
        np.array([b"a"]),
        np.array([None]),
        np.array([1j]),
        np.array(["2020-01-01"], "M8[D]"),
        "text",
        None,
        pytest.param(object(), id="object"),
        [[1, 2], [3]],
        2**70,
    ],
    ids=str,
)
def test_what_is_not_real_numbers_is_refused(thing):
    with pytest.raises(TypeError, match=r"\[tensor\]"):
        _core.tensor(thing)


def test_read_only_arrays_are_never_written():
    array = np.arange(4.0)
    array.flags.writeable = False
    tensor = _core.from_numpy(array)
    assert tensor.read_only and same_memory(tensor, array)
    for write in (
        lambda: tensor.__setitem__(0, 1),
        lambda: tensor.fill(1),
        lambda: tensor.copy_from(np.ones(4)),
        lambda: tensor[1:].__setitem__(0, 1),
        lambda: tensor.reshape((2, 2)).fill(1),
        lambda: tensor.transpose((0,)).fill(1),
        lambda: _core.uniform(tensor, 0, 1, 0, 0),
        lambda: _core.normal(tensor, 0, 1, 0, 0),
    ):
        with pytest.raises(ValueError, match="read-only"):
            write()
    assert not tensor.numpy().flags.writeable and memoryview(tensor).readonly
    assert not tensor.copy().read_only and not _core.tensor(array).read_only
    assert array.tolist() == [0, 1, 2, 3]


def test_array_protocol():
    tensor = _core.tensor([1.0, 2.0])
    assert np.asarray(tensor).ctypes.data == tensor.numpy().ctypes.data
    assert np.asarray(tensor, "f4").dtype == np.float32
    assert np.array(tensor).ctypes.data != tensor.numpy().ctypes.data
    assert tensor.__array__(copy=True).ctypes.data != tensor.numpy().ctypes.data
    assert tensor.__array__(copy=False).ctypes.data == tensor.numpy().ctypes.data
    with pytest.raises(ValueError, match="another element type needs a copy"):
        tensor.__array__("f4", copy=False)
    assert (np.ones(2) + tensor.numpy()).tolist() == [2, 3]


def test_buffer_protocol(dtype):
    tensor = _core.tensor(values(dtype, (3, 4)))
    view = memoryview(tensor)
    assert view.shape == (3, 4) and view.itemsize == np.dtype(NUMPY_OF[dtype]).itemsize
    assert not view.readonly and view.tolist() == tensor.tolist()
    strided = memoryview(tensor[::2, ::-1])
    assert strided.tolist() == tensor.numpy()[::2, ::-1].tolist()
    assert strided.strides == tensor.numpy()[::2, ::-1].strides
    del tensor
    gc.collect()
    assert np.asarray(view).sum() == values(dtype, (3, 4)).sum()
