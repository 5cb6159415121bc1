"""Tensors on a device: made, copied, indexed, exchanged; and what happens without one."""

import numpy as np
import pytest

import strate as st
from harness import rejects
from strate import _core


@pytest.mark.without_cuda
@pytest.mark.skipif(not _core.cuda_unavailable(), reason="there is a device")
def test_without_a_device_every_way_to_it_says_why():
    reason = _core.cuda_unavailable()
    assert reason and st.info()["cuda"] == reason and not st.cuda.is_available()
    model = st.Sequential([st.Dense(2)], input_shape=3)
    ways = [
        lambda: st.zeros((2,), device="cuda"),
        lambda: st.ones((2,)).to("cuda"),
        lambda: model.to("cuda"),
        lambda: model.fit(np.ones((4, 3)), np.ones((4, 2)), loss="squared_error", optimizer=st.SGD(0.1),
                          epochs=1, device="cuda", verbose=0),
    ]  # fmt: skip
    for way in ways:
        with pytest.raises(RuntimeError) as caught:
            way()
        assert reason in str(caught.value)
    assert model.device == "cpu"


@pytest.mark.without_cuda
def test_devices_have_names():
    with pytest.raises(ValueError, match="'gpu'"):
        st.zeros((2,), device="gpu")
    with pytest.raises(ValueError, match="'gpu'"):
        st.Sequential([st.Dense(2)], input_shape=3).to("gpu")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
def test_there_and_back(dtype):
    values = (np.arange(2 * 33 * 5) % 7).reshape(2, 33, 5).astype(dtype)
    there = st.from_numpy(values).to("cuda")
    assert there.device == "cuda" and there.dtype == dtype and "device=cuda" in repr(there)
    assert np.array_equal(there.numpy(), values) and np.array_equal(there.to("cpu").numpy(), values)
    gaps = st.from_numpy(values[:, ::-2, 1:4])
    assert np.array_equal(gaps.to("cuda").numpy(), values[:, ::-2, 1:4])
    assert np.array_equal(there[:, ::-2, 1:4].numpy(), values[:, ::-2, 1:4])
    assert np.array_equal(there.transpose((2, 0, 1)).contiguous().numpy(), values.transpose(2, 0, 1))
    for other in ("float32", "float64", "int64", "bool"):
        assert np.array_equal(there.astype(other).numpy(), values.astype(other))


def test_filling_and_assigning():
    there = st.zeros((3, 300), "float32", "cuda")
    there[1, 10:20] = 2.5
    there[2] = np.arange(300.0)
    there[0, ::3] = st.ones((100,), device="cuda")
    want = np.zeros((3, 300), "float32")
    want[1, 10:20], want[2], want[0, ::3] = 2.5, np.arange(300.0), 1
    assert np.array_equal(there.numpy(), want)
    there[0] = there[2]
    there[2, 1:] = there[2, :-1]  # overlapping
    want[0], want[2, 1:] = want[2], want[2, :-1].copy()
    assert np.array_equal(there.numpy(), want)
    assert there[1, 10].item() == 2.5 and float(there[1, 10]) == 2.5 and there[1, :3].tolist() == [0, 0, 0]
    whole = st.full((2,), 2**60 + 1, "int64", "cuda")
    assert whole.tolist() == [2**60 + 1] * 2
    with pytest.raises(ValueError, match="does not fit uint8"):
        st.zeros((2,), "uint8", "cuda").fill(256)


def test_arrays_are_copied_explicitly():
    there = st.ones((2, 2), device="cuda")
    with pytest.raises(TypeError, match=r"explicit \.numpy\(\)"):
        np.asarray(there)
    with pytest.raises(BufferError) as caught:
        memoryview(there)
    assert "memory on cuda is no buffer" in str(caught.value.__cause__)
    copied = there.numpy()
    with pytest.raises(ValueError, match="read-only"):
        copied[:] = 5
    assert there.numpy().sum() == 4


def test_one_call_one_device():
    here, there = st.ones((2, 3)), st.ones((2, 3), device="cuda")
    rejects(
        ValueError,
        r"\[dense\] x and weight lie on one device; got x on cuda, weight on cpu",
        lambda: _core.dense_forward(there, st.ones((4, 3)), None, _core.Activation("identity")),
    )
    rejects(
        ValueError,
        "lie on one device",
        lambda: _core.activation_backward(here, there, _core.Activation("relu")),
    )


def test_exchange_without_copies():
    there = st.from_numpy(np.arange(6.0).reshape(2, 3)).to("cuda")
    assert there.__dlpack_device__() == (2, 0)
    for source in (there, there[:, 1:]):
        again = st.from_dlpack(source)
        assert again.device == "cuda" and np.array_equal(again.numpy(), source.numpy())
    again = st.from_dlpack(there)
    again[0, 0] = 9
    assert there[0, 0].item() == 9
    copied = there.__dlpack__(copy=True, stream=-1)
    assert copied is not None
    with pytest.raises(BufferError, match="on the cuda"):
        there.__dlpack__(dl_device=(1, 0))


def test_random_numbers_are_those_of_the_cpu():
    here, there = st.empty((1000,)), st.empty((1000,), device="cuda")
    for flat in (here, there):
        _core.normal(flat, 0.0, 1.0, 3, 4)
    assert np.array_equal(here.numpy(), there.numpy())


def test_memory_is_counted_and_used_again():
    st.cuda.release_memory()
    before = st.cuda.memory()
    first = st.zeros((1 << 18,), device="cuda")
    held = st.cuda.memory()
    assert held["used"] - before["used"] >= 1 << 20 and held["free"] < held["total"]
    del first
    assert st.cuda.memory()["used"] == before["used"]
    second = st.zeros((1 << 18,), device="cuda")
    assert st.cuda.memory()["held"] == held["held"], "the block was kept"
    del second
    st.cuda.release_memory()
    assert st.cuda.memory()["held"] <= before["held"]
