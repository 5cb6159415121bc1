"""Indexing and assignment beside numpy's, on shapes and indices that hypothesis makes up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from strate import _core

SHAPES = arrays.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=5)


def numbered(shape) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)


@some.composite
def shape_and_index(draw):
    shape = draw(SHAPES)
    return shape, draw(arrays.basic_indices(shape, allow_newaxis=False, allow_ellipsis=True))


@given(shape_and_index())
def test_indexing_views_what_numpy_views(case):
    shape, index = case
    array = numbered(shape)
    tensor = _core.from_numpy(array)
    view = tensor[index]
    expected = array[index]
    assert view.shape == np.shape(expected)
    np.testing.assert_array_equal(view.numpy(), expected)
    if view.size:
        assert np.shares_memory(view.numpy(), array)


@given(shape_and_index(), some.sampled_from(["number", "array", "tensor", "scalar array"]))
def test_assignment_writes_what_numpy_writes(case, kind):
    shape, index = case
    expected = numbered(shape)
    tensor = _core.tensor(expected)
    part = -1.0 - numbered(np.shape(expected[index]))
    values = {"number": -3.0, "array": part, "tensor": _core.tensor(part), "scalar array": np.float64(-4)}
    value = values[kind]
    expected[index] = part if kind in ("array", "tensor") else value
    tensor[index] = value
    np.testing.assert_array_equal(tensor.numpy(), expected)


@given(shape_and_index(), shape_and_index())
def test_an_index_of_an_index(first, second):
    shape, index = first
    array = numbered(shape)
    view, expected = _core.from_numpy(array)[index], array[index]
    try:
        expected = expected[second[1]]
    except IndexError:
        with pytest.raises(IndexError):
            view[second[1]]
        return
    np.testing.assert_array_equal(view[second[1]].numpy(), expected)


@given(SHAPES, some.data())
def test_reshape_and_transpose(shape, data):
    array = numbered(shape)
    tensor = _core.from_numpy(array)
    axes = data.draw(some.permutations(range(len(shape))))
    np.testing.assert_array_equal(tensor.transpose(axes).numpy(), array.transpose(axes))
    np.testing.assert_array_equal(tensor.transpose(axes).copy().numpy(), array.transpose(axes))
    cut = data.draw(some.integers(0, len(shape)))
    wanted = (int(np.prod(shape[:cut])), int(np.prod(shape[cut:])))
    np.testing.assert_array_equal(tensor.reshape(wanted).numpy(), array.reshape(wanted))


@given(some.integers(2, 12), some.integers(1, 6), some.integers(1, 6), some.booleans())
def test_overlapping_assignment(size, shift, step, backwards):
    expected = np.arange(float(size))
    tensor = _core.tensor(expected)
    to, source = slice(shift, None, step), slice(None, None, step)
    count = len(expected[to])
    to, source = (source, to) if backwards else (to, source)
    expected[to][:count] = expected[source][:count].copy()
    tensor[to][:count] = tensor[source][:count]
    assert tensor.tolist() == expected.tolist()


def test_overlapping_assignment_of_a_transpose_and_of_shared_memory():
    array = np.arange(9.0).reshape(3, 3)
    tensor = _core.tensor(array)
    tensor[...] = tensor.transpose((1, 0))
    np.testing.assert_array_equal(tensor.numpy(), array.T)
    shared = np.arange(6.0)
    _core.from_numpy(shared[1:]).copy_from(_core.from_numpy(shared[:-1]))
    assert shared.tolist() == [0, 0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("index", "error", "text"),
    [
        (2, IndexError, "index 2 is out of range for axis 0"),
        (-3, IndexError, "index -3 is out of range"),
        ((0, 3), IndexError, "out of range for axis 1"),
        ((0, 0, 0), IndexError, "too many indices: 3"),
        ((..., 0, ...), IndexError, "at most one ellipsis"),
        (2**70, IndexError, "cannot fit"),
        (None, TypeError, "an integer, a slice or an ellipsis"),
        (True, TypeError, "an integer, a slice or an ellipsis"),
        ([0], TypeError, "use .numpy"),
        ("a", TypeError, "got 'a'"),
        (1.0, TypeError, "got 1.0"),
    ],
)
def test_bad_indices(index, error, text):
    tensor = _core.zeros((2, 3))
    with pytest.raises(error, match=text):
        tensor[index]
    with pytest.raises(error, match=text):
        tensor[index] = 0
    assert tensor.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_step_of_zero():
    with pytest.raises(ValueError, match="step cannot be zero"):
        _core.zeros(3)[::0]


def test_iteration_ends():
    assert [row.tolist() for row in _core.tensor([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]
    assert len(_core.zeros((4, 0))) == 4


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int32", "int64", "bool"])
def test_long_runs_are_filled_to_their_end_and_no_further(dtype):
    for n in (1, 255, 256, 257, 511, 513, 2047, 2049, 70_001):
        tensor = _core.zeros((2, n + 2), dtype)
        tensor[:, 1:-1] = 1
        assert sum(tensor[0].tolist()) == sum(tensor[1].tolist()) == n
        assert [tensor[i, j].item() for i in (0, 1) for j in (0, n + 1)] == [0] * 4


@pytest.mark.parametrize("value", [2**53 + 1, -(2**63), 2**63 - 1])
@pytest.mark.parametrize("kind", [int, np.int64])
def test_whole_numbers_are_written_exactly(value, kind):
    tensor = _core.zeros(3, "int64")
    tensor[:2] = kind(value)
    assert tensor.tolist() == [value, value, 0]
    tensor.fill(kind(value))
    assert tensor.tolist() == _core.full(3, kind(value), "int64").tolist() == [value] * 3


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("uint8", np.nan),
        ("int32", 2**31),
        ("int32", -np.inf),
        ("int64", 2**63),
        ("int64", 2.0**63),
        ("int64", -(2**63) - 1),
    ],
)
def test_numbers_that_do_not_fit(dtype, value):
    tensor = _core.zeros(2, dtype)
    for write in (lambda: tensor.__setitem__(0, value), lambda: tensor.fill(value)):
        with pytest.raises(ValueError, match=r"\[fill\]"):
            write()
    assert tensor.tolist() == [0, 0]


def test_assignment_does_not_broadcast():
    tensor = _core.zeros((2, 3))
    for value in (np.ones(3), [1, 2], np.ones((1, 3)), np.ones((3, 2))):
        with pytest.raises(ValueError, match=r"\[copy\] shapes differ; got \(2, 3\) from"):
            tensor[...] = value
    with pytest.raises(TypeError, match="real numbers"):
        tensor[0] = "text"


def test_assignment_casts():
    tensor = _core.zeros((2, 2), "float32")
    tensor[0] = np.array([1, 2], "i4")
    tensor[1] = [True, False]
    assert tensor.tolist() == [[1, 2], [1, 0]]
