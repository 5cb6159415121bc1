"""DLPack both ways: versioned and legacy capsules, their flags, their arguments, and who keeps what alive."""

from __future__ import annotations

import ctypes
import gc
import weakref

import numpy as np
import pytest

from strate import _core

from .conftest import NUMPY_OF
from .dlpack_capsules import (
    CPU,
    CUDA,
    CUDA_HOST,
    FLOAT,
    LEGACY,
    OPENCL,
    UNSIGNED,
    VERSIONED,
    Source,
    flags_of,
    name_of,
)


def test_to_numpy_and_back_without_copies(dtype):
    array = (np.arange(12).reshape(3, 4) % 2).astype(NUMPY_OF[dtype])
    tensor = _core.from_dlpack(array)
    assert tensor.dtype == dtype and tensor.shape == (3, 4)
    assert tensor.numpy().ctypes.data == array.ctypes.data
    out = np.from_dlpack(_core.tensor(array))
    assert out.dtype == array.dtype
    np.testing.assert_array_equal(out, array)


def test_strided_tensors_travel_with_their_strides():
    array = np.arange(24.0).reshape(4, 6)
    tensor = _core.from_dlpack(array[::2, ::-1])
    assert tensor.strides == (12, -1)
    np.testing.assert_array_equal(tensor.numpy(), array[::2, ::-1])
    np.testing.assert_array_equal(np.from_dlpack(tensor.transpose((1, 0))), array[::2, ::-1].T)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
def test_no_axes_and_no_values(shape):
    assert _core.from_dlpack(np.zeros(shape)).shape == shape
    assert np.from_dlpack(_core.zeros(shape)).shape == shape


def test_a_read_only_source_is_never_written():
    array = np.arange(3.0)
    array.flags.writeable = False
    try:
        tensor = _core.from_dlpack(array)
    except BufferError:  # numpy before 2.1 does not export read-only arrays
        return
    assert tensor.read_only
    with pytest.raises(ValueError, match="read-only"):
        tensor[0] = 1
    assert array.tolist() == [0, 1, 2]


def test_a_read_only_tensor_says_so():
    tensor = _core.zeros(3).as_read_only()
    assert flags_of(tensor.__dlpack__(max_version=(1, 0))) == 1
    assert flags_of(_core.zeros(3).__dlpack__(max_version=(1, 0))) == 0
    with pytest.raises(BufferError, match="read-only tensor cannot be passed in the legacy form"):
        tensor.__dlpack__()
    assert name_of(tensor.__dlpack__(copy=True)) == LEGACY


def test_copy_argument():
    tensor = _core.tensor([1.0, 2.0])
    copied = tensor.__dlpack__(max_version=(1, 0), copy=True)
    assert flags_of(copied) == 2
    assert flags_of(tensor.__dlpack__(max_version=(1, 0), copy=False)) == 0
    other = _core.from_dlpack(Source.of_capsule(copied))
    other[0] = 9
    assert tensor.tolist() == [1, 2] and other.tolist() == [9, 2]


def test_version_argument_chooses_the_form():
    tensor = _core.zeros(2)
    assert name_of(tensor.__dlpack__()) == LEGACY
    assert name_of(tensor.__dlpack__(max_version=(0, 8))) == LEGACY
    assert name_of(tensor.__dlpack__(max_version=(1, 0))) == VERSIONED
    assert name_of(tensor.__dlpack__(max_version=(2, 3))) == VERSIONED


def test_device_and_stream_arguments():
    tensor = _core.zeros(2)
    assert tensor.__dlpack_device__() == (CPU, 0)
    assert name_of(tensor.__dlpack__(dl_device=(CPU, 0))) == LEGACY
    with pytest.raises(BufferError, match=r"on the cpu; got dl_device=\(2, 0\)"):
        tensor.__dlpack__(dl_device=(CUDA, 0))
    for stream in (1, -1):
        with pytest.raises(ValueError, match=f"has no stream; got stream={stream}"):
            tensor.__dlpack__(stream=stream)
    with pytest.raises(TypeError):
        tensor.__dlpack__(None, (1, 0))


@pytest.mark.parametrize("versioned", [True, False])
def test_capsules_made_by_hand(versioned):
    source = Source(np.arange(6, dtype="f4").reshape(2, 3), versioned)
    tensor = _core.from_dlpack(source)
    assert tensor.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert tensor.read_only is not versioned, "the legacy form does not say whether the memory may be written"
    del tensor
    gc.collect()
    assert source.deleted == 1


@pytest.mark.parametrize("versioned", [True, False])
def test_strides_and_offset_of_a_capsule(versioned):
    source = Source(np.arange(12, dtype="f8"), versioned, shape=(3, 2), strides=(-4, 1), byte_offset=8 * 8)
    assert _core.from_dlpack(source).tolist() == [[8, 9], [4, 5], [0, 1]]


def test_flags_of_a_versioned_capsule():
    assert _core.from_dlpack(Source(np.zeros(2), True, flags=1)).read_only
    assert not _core.from_dlpack(Source(np.zeros(2), True, flags=2)).read_only


@pytest.mark.parametrize("versioned", [True, False])
def test_a_capsule_is_used_once(versioned):
    source = Source(np.zeros(2), versioned)
    tensor = _core.from_dlpack(source)
    with pytest.raises(ValueError, match="used before, or is not a DLPack one"):
        _core.from_dlpack(source)
    assert source.deleted == 0 and tensor.tolist() == [0, 0]


def test_an_unused_capsule_frees_what_it_holds():
    array = np.zeros(2)
    alive = weakref.ref(array)
    for version in (None, (1, 0)):
        capsule = _core.from_numpy(array).__dlpack__(max_version=version)
        assert name_of(capsule)
        del capsule
    del array
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"device": OPENCL}, ValueError, "on the cpu or the first CUDA device is needed; got device type 4"),
        ({"device": CUDA, "device_id": 1}, ValueError, "got device type 2, number 1"),
        ({"dtype": (FLOAT, 16, 1)}, TypeError, "type code 2 with 16 bits"),
        ({"dtype": (FLOAT, 32, 4)}, TypeError, "type code 2"),
        ({"dtype": (UNSIGNED, 64, 1)}, TypeError, "type code 1 with 64 bits"),
        ({"dtype": (4, 16, 1)}, TypeError, "bfloat16 is stored on a device alone"),
        ({"dtype": (4, 8, 1)}, TypeError, "type code 4 with 8 bits"),
        ({"shape": (1,) * 9}, ValueError, "at most 8 axes"),
        ({"shape": (2**62, 4)}, ValueError, "64 bits"),
        ({"shape": (2**61,)}, ValueError, "64 bits"),
        ({"byte_offset": 4}, ValueError, "memory aligned to its element type"),
        ({"shape": (-2,)}, ValueError, "sizes are 0 or more"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_refused_capsules_stay_with_their_owner(versioned, change, error, text):
    source = Source(np.zeros(4), versioned, **change)
    with pytest.raises(error, match=text):
        _core.from_dlpack(source)
    assert source.deleted == 0, "who refuses a capsule does not free its memory"
    assert source.name() == (VERSIONED if versioned else LEGACY)


def test_a_later_major_version_is_refused():
    with pytest.raises(ValueError, match=r"version 1 is understood; got 2\.0"):
        _core.from_dlpack(Source(np.zeros(2), True, version=(2, 0)))
    assert _core.from_dlpack(Source(np.zeros(2), True, version=(1, 9))).shape == (2,)


def test_the_device_is_asked_before_the_memory():
    source = Source(np.zeros(2), True, reported_device=OPENCL)
    with pytest.raises(ValueError, match="first CUDA device is needed; got device type 4"):
        _core.from_dlpack(source)
    assert not source.asked
    pinned = Source(np.zeros(2), True, device=CUDA_HOST, reported_device=CUDA_HOST)
    assert _core.from_dlpack(pinned).shape == (2,)


def test_what_is_not_dlpack():
    with pytest.raises(TypeError, match="an object with __dlpack__ is needed; got <class 'list'>"):
        _core.from_dlpack([1, 2])
    with pytest.raises(ValueError, match="not a DLPack one"):
        _core.from_dlpack(Source.of_capsule(object()))


def test_errors_of_the_source_reach_the_caller():
    class Broken:
        def __dlpack__(self, **arguments):
            raise BufferError("nothing to export")

    with pytest.raises(BufferError, match="nothing to export"):
        _core.from_dlpack(Broken())


def test_lifetimes_both_ways():
    array = np.arange(5.0)
    alive = weakref.ref(array)
    tensor = _core.from_dlpack(array)
    del array
    gc.collect()
    assert alive() is not None and tensor.tolist() == [0, 1, 2, 3, 4]
    out = np.from_dlpack(tensor)
    del tensor
    gc.collect()
    assert alive() is not None and out.tolist() == [0, 1, 2, 3, 4]
    del out
    gc.collect()
    assert alive() is None


def test_a_tensor_passed_round_in_circles():
    tensor = _core.tensor(np.arange(4.0))
    address = tensor.numpy().ctypes.data
    for _ in range(10):
        tensor = _core.from_dlpack(np.from_dlpack(tensor))
    gc.collect()
    assert tensor.numpy().ctypes.data == address and tensor.tolist() == [0, 1, 2, 3]
    assert ctypes.c_double.from_address(address + 8).value == 1
