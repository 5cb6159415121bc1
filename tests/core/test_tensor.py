"""Tensors and numpy: memory shared where the layout allows, copied where it does not, never misread."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

from strate import _core

from .conftest import NUMPY_OF


def values(dtype: str, shape=(2, 3, 4)) -> np.ndarray:
    return (np.arange(np.prod(shape)).reshape(shape) % 7).astype(NUMPY_OF[dtype])


def same_memory(tensor, array: np.ndarray) -> bool:
    return tensor.numpy().ctypes.data == array.ctypes.data


def test_every_dtype_keeps_its_values(dtype):
    array = values(dtype)
    tensor = _core.tensor(array)
    assert (tensor.dtype, tensor.shape, tensor.ndim, tensor.size) == (dtype, (2, 3, 4), 3, 24)
    assert tensor.nbytes == array.nbytes and tensor.strides == (12, 4, 1)
    assert tensor.device == "cpu" and not tensor.read_only
    assert tensor.numpy().dtype == array.dtype
    np.testing.assert_array_equal(tensor.numpy(), array)
    assert tensor.tolist() == array.tolist()


def test_numpy_view_shares_memory_and_keeps_it_alive(dtype):
    tensor = _core.zeros((3, 5), dtype)
    view = tensor.numpy()
    view[1, 2] = 1
    assert tensor[1, 2].item() == 1
    del tensor
    gc.collect()
    assert view.sum() == 1


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
        object(),
        [[1, 2], [3]],
        2**70,
    ],
    ids=str,
)
def test_what_is_not_real_numbers_is_refused(thing):
    with pytest.raises(TypeError, match=r"\[tensor\]"):
        _core.tensor(thing)


def test_python_numbers_and_lists():
    assert _core.tensor(3).dtype == "int64" and _core.tensor(3).shape == ()
    assert _core.tensor([1.5, 2]).dtype == "float64"
    assert _core.tensor([[True], [False]]).dtype == "bool"
    assert _core.tensor([1, 2], dtype="float32").dtype == "float32"
    assert _core.tensor([]).shape == (0,)
    assert _core.tensor(_core.tensor([1, 2])).tolist() == [1, 2]


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
    for asked in (lambda: tensor.to("cuda"), lambda: _core.zeros(2, device="cuda")):
        with pytest.raises(RuntimeError, match="this build has no CUDA kernels"):
            asked()
    assert _core.cuda_unavailable() == "this build has no CUDA kernels"
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
    with pytest.raises(TypeError, match="float32, float64, int32, int64, uint8 or bool; got 'float16'"):
        _core.empty(2, "float16")


def test_tensors_are_not_pickled_or_subclassed():
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="tensors are not pickled"):
            attempt(_core.zeros(2))
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Own", (_core.Tensor,), {})


def test_representation_shows_values_shape_and_dtype():
    assert repr(_core.tensor([1, 2])) == "Tensor([1 2], shape=(2,), dtype=int64)"
