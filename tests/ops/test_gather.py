"""Rows by index, cast and scaled."""

import numpy as np
import pytest

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core


def build():
    random = np.random.default_rng(2)
    sources = {
        "uint8": random.integers(0, 256, (9, 4, 5)).astype(np.uint8),
        "int32": random.integers(-99, 99, (9, 17)).astype(np.int32),
        "int64": random.integers(-99, 99, (9,)),
        "float32": normal(9, 33).astype(np.float32),
        "float64": normal(9, 3),
        "int32-packs": random.integers(-99, 99, (9, 12)).astype(np.int32),
        "int64-packs": random.integers(-99, 99, (9, 2, 4)),
        "float32-packs": normal(9, 8).astype(np.float32),
        "bool": random.integers(0, 2, (9, 6)).astype(bool),
        "many": random.integers(0, 256, (60, 28, 28)).astype(np.uint8),
        "many-float64": normal(300, 400),
    }
    cases = []
    for name, source in sources.items():
        for kind, index in [
            ("some", np.array([3, 0, 8, 3])),
            ("none", np.array([], np.int64)),
            ("all", random.permutation(len(source))),
        ]:
            for scale in (1.0, 1 / 255):
                arrays = {"index": index, "like": np.zeros(1)}
                if source.dtype != np.float64:
                    arrays["source"] = source
                cases.append(Case(f"{name}-{kind}-{scale:.2g}", arrays, (scale, source)))
    return cases


class TestGather(OpTests):
    """`like` carries the type under test, which rows become; a float64 source stays float64."""

    float32_bound = 2e-7
    cases = build()

    def run(self, case, arrays):
        dtype, (scale, source) = arrays["like"].dtype.name, case.settings
        source = arrays.get("source", source)
        return results(y=_core.gather(tensor(source), tensor(arrays["index"]), scale, dtype))

    def oracle(self, case, arrays):
        scale, source = case.settings
        return {"y": source[arrays["index"]].astype(np.float64) * scale}


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "float64", "bool"])
def test_rows_keep_their_type(dtype):
    source = np.arange(60).reshape(10, 3, 2).astype(dtype)
    batch = _core.gather(tensor(source), tensor(np.array([9, 0, 4])))
    assert batch.dtype == dtype and np.array_equal(batch.numpy(), source[[9, 0, 4]])


def test_the_index_may_lie_on_the_host():
    source, index = normal(7, 5), np.array([6, 0, 6])
    assert np.array_equal(_core.gather(tensor(source), _core.from_numpy(index)).numpy(), source[index])


def test_a_batch_of_labels():
    labels = np.arange(100, dtype=np.uint8)
    assert _core.gather(tensor(labels), tensor(np.array([99, 1]))).tolist() == [99, 1]


def test_scaled_bytes_span_zero_to_one():
    batch = _core.gather(tensor(np.array([0, 255], np.uint8)), tensor(np.array([0, 1])), 1 / 255, "float32")
    assert batch.tolist() == [0.0, 1.0]


def test_into_memory_that_is_there():
    source, index, out = tensor(normal(7, 5)), tensor(np.array([6, 0, 6])), tensor(np.full((4, 5), 7.0))
    _core.gather_into(out[:3], source, index, 0.5)
    assert np.array_equal(out[:3].numpy(), _core.gather(source, index, 0.5).numpy())
    assert (out[3].numpy() == 7).all()
    rule = r"out is contiguous, writable memory of shape \(3, 5\); got out=float64 \(4, 5\)"
    rejects(ValueError, rule, lambda: _core.gather_into(out, source, index))
    whole = out[:3].astype("int32")
    rejects(TypeError, "rows keep their type", lambda: _core.gather_into(whole, source, index))
    rejects(IndexError, "got index 7", lambda: _core.gather_into(out[:1], source, tensor(np.array([7]))))


def test_errors():
    source, index = tensor(np.zeros((5, 2), np.uint8)), tensor(np.array([0]))
    rejects(
        IndexError,
        r"0 <= index < 5; got index 5 at place 1",
        lambda: _core.gather(source, tensor(np.array([0, 5]))),
    )
    rejects(
        IndexError,
        r"0 <= index < 5; got index -1 at place 0",
        lambda: _core.gather(source, tensor(np.array([-1]))),
    )
    rejects(
        TypeError,
        r"index is int64 \(B\); got index=float64",
        lambda: _core.gather(source, tensor(np.zeros(1))),
    )
    rejects(
        TypeError,
        r"index is int64 \(B\); got index=int64 \(1, 1\)",
        lambda: _core.gather(source, tensor(np.zeros((1, 1), np.int64))),
    )
    rejects(
        TypeError,
        r"rows keep their type, or become float32 or float64; got source=uint8 \(5, 2\), dtype=int64",
        lambda: _core.gather(source, index, 1.0, "int64"),
    )
    rejects(TypeError, r"rows keep their type.*scale=0.5", lambda: _core.gather(source, index, 0.5))
    rejects(
        ValueError, r"source has rows; got source=\(\)", lambda: _core.gather(tensor(np.array(1.0)), index)
    )
