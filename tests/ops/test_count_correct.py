"""Rows whose largest output is at the target."""

import numpy as np
import pytest

from harness import normal, rejects, tensor
from strate import _core


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label_dtype", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("shape", [(64, 10), (3, 4, 5, 7), (0, 4), (5, 1), (300, 33), (3, 2500)])
def test_against_numpy(shape, label_dtype, dtype):
    y = normal(*shape).astype(dtype)
    labels = np.random.default_rng(3).integers(0, shape[-1], shape[:-1]).astype(label_dtype)
    want = int((y.argmax(axis=-1) == labels).sum()) if y.size else 0
    assert _core.count_correct(tensor(y), tensor(labels)) == want
    for one_hot_dtype in ("float32", "float64"):
        one_hot = np.eye(shape[-1], dtype=one_hot_dtype)[labels]
        assert _core.count_correct(tensor(y), tensor(one_hot)) == want


def test_strided():
    y, labels = normal(20, 6), np.arange(20) % 3
    assert _core.count_correct(tensor(y[::2, ::2]), tensor(labels[::2])) == (
        _core.count_correct(tensor(y[::2, ::2].copy()), tensor(labels[::2].copy()))
    )


def test_first_of_equals_counts_and_nan_is_wrong():
    y = np.array([[1.0, 1.0], [np.nan, 1.0], [1.0, np.nan], [np.nan, np.nan]])
    assert _core.count_correct(tensor(y), tensor(np.array([0, 0, 0, 0]))) == 1
    assert _core.count_correct(tensor(y), tensor(np.array([1, 1, 1, 1]))) == 0
    assert _core.count_correct(tensor(y), tensor(np.full((4, 2), np.nan))) == 0


@pytest.mark.parametrize("classes", [20, 100, 2500])
def test_equals_and_nan_wherever_they_lie(classes):
    """A GPU's threads share a row."""
    rows = 40
    y, places = np.zeros((rows, classes)), np.random.default_rng(3).integers(0, classes - 1, rows)
    for row, place in enumerate(places):
        y[row, place:] = 1.0
    assert _core.count_correct(tensor(y), tensor(places)) == rows
    y[np.arange(0, rows, 2), classes - 1 - places[::2]] = np.nan
    assert _core.count_correct(tensor(y), tensor(places)) == rows // 2
    y[...] = -np.inf
    assert _core.count_correct(tensor(y), tensor(np.zeros(rows, np.int64))) == rows


def test_errors():
    y = tensor(np.zeros((4, 3)))
    rejects(
        ValueError,
        r"a label for each row, \(4,?\), or a number for each class, \(4, 3\); got target=\(3,?\)",
        lambda: _core.count_correct(y, tensor(np.zeros(3, np.int64))),
    )
    rejects(
        TypeError, r"labels are uint8, int32 or int64", lambda: _core.count_correct(y, tensor(np.zeros(4)))
    )
    rejects(
        TypeError,
        r"labels are uint8, int32 or int64",
        lambda: _core.count_correct(y, tensor(np.zeros(4, bool))),
    )
    rejects(
        TypeError,
        r"one-hot targets float32 or float64",
        lambda: _core.count_correct(y, tensor(np.zeros((4, 3), np.int64))),
    )
    rejects(TypeError, r"y is float32 or float64", lambda: _core.count_correct(y.astype("int64"), y))
    rejects(
        ValueError,
        r"y is \(..., classes\); got y=\(4, 0\)",
        lambda: _core.count_correct(tensor(np.zeros((4, 0))), tensor(np.zeros(4, np.int64))),
    )
