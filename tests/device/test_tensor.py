"""Tensors on a device: made, copied, indexed, exchanged; and what happens without one."""

import numpy as np
import pytest

import strate as st
from harness import bfloat16, rejects
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


def special(*shape):
    values = np.random.default_rng(0).normal(size=shape).astype("float32")
    values.flat[:8] = [0, -0.0, np.inf, -np.inf, np.nan, 3.3e38, 1e-40, 1 + 2**-8]
    return values


@pytest.mark.parametrize("shape", [(64,), (3, 333), (2, 7, 5)])
def test_bfloat16_there_and_back(shape):
    """Rounded to nearest, ties to even; widened wherever it leaves the device; half the bytes."""
    values = special(*shape)
    wanted = bfloat16(values)
    wide = st.from_numpy(values).to("cuda")
    there = wide.astype("bfloat16")
    assert there.dtype == "bfloat16" and 2 * there.nbytes == wide.nbytes and "dtype=bfloat16" in repr(there)
    for found in (there.numpy(), there.to("cpu").numpy(), there.astype("float32").numpy()):
        assert found.dtype == np.float32 and np.array_equal(found, wanted, equal_nan=True)
    assert np.array_equal(there.astype("float64").numpy(), wanted.astype("float64"), equal_nan=True)
    assert np.array_equal(wide.astype("float64").astype("bfloat16").numpy(), wanted, equal_nan=True)
    assert np.array_equal(there.astype("bool").numpy(), wanted.astype(bool))
    assert np.array_equal(st.tensor(values, "bfloat16", "cuda").numpy(), wanted, equal_nan=True)
    ones = st.ones(shape, "int32", "cuda").astype("bfloat16")
    assert ones.numpy().min() == ones.numpy().max() == ones[(0,) * len(shape)].item() == 1
    again = st.from_dlpack(there)
    assert again.dtype == "bfloat16" and np.array_equal(again.numpy(), wanted, equal_nan=True)


def test_bfloat16_is_viewed_and_assigned():
    values = bfloat16(special(6, 10, 9))
    there = st.from_numpy(values).to("cuda").astype("bfloat16")
    cut = there[:, ::-2, 1:4]
    assert np.array_equal(cut.numpy(), values[:, ::-2, 1:4], equal_nan=True)
    assert np.array_equal(cut.contiguous().numpy(), values[:, ::-2, 1:4], equal_nan=True)
    assert np.array_equal(there[..., 1:].astype("float32").numpy(), values[..., 1:], equal_nan=True)
    filled = st.full((4, 9), 2.5, "bfloat16", "cuda")
    filled[1] = there[0, 9]
    filled[2, ::2] = np.arange(5.0)
    filled[3] = st.ones((9,), device="cuda")
    want = np.full((4, 9), 2.5, "float32")
    want[1], want[2, ::2], want[3] = values[0, 9], np.arange(5.0), 1
    assert np.array_equal(filled.numpy(), want)


def test_bfloat16_elsewhere_is_refused():
    there = st.ones((2, 3), "bfloat16", "cuda")
    for call in (
        lambda: st.zeros((2,), "bfloat16"),
        lambda: st.ones((2,)).astype("bfloat16"),
        lambda: st.tensor([1.0], "bfloat16"),
    ):
        rejects(TypeError, "bfloat16 is stored on a device alone; got device=cpu", call)
    wide = r"x is float32 or float64; got x=bfloat16 \(2, 3\)"
    rejects(TypeError, wide, lambda: _core.elementary(there, "exp"))
    weight, identity = st.ones((4, 3), "bfloat16", "cuda"), _core.Activation("identity")
    rejects(
        TypeError,
        r"\[dense\] weight is float32 where x is bfloat16; got weight=bfloat16 \(4, 3\)",
        lambda: _core.dense_forward(there, weight, None, identity),
    )
    rejects(
        TypeError,
        "x and weight have one element type",
        lambda: _core.dense_forward(there.astype("float32"), weight, None, identity),
    )
    rejects(
        TypeError,
        "a and b have one element type",
        lambda: _core.combine_forward(there, st.ones((2, 3), device="cuda"), _core.Combine("add", identity)),
    )
    rejects(TypeError, "rows keep their type", lambda: st.ops.gather(there, st.tensor([0]), 1.0, "float64"))
    assert st.ops.gather(there, st.tensor([1, 1])).dtype == "bfloat16"
    assert st.ops.all_finite(there) and not st.ops.all_finite(st.full((9,), np.inf, "bfloat16", "cuda"))


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
