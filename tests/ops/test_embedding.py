"""Rows of weights by whole number, and their gradients added up in order."""

import numpy as np
import pytest

from harness import Case, OpTests, empty, isa, normal, rejects, results, tensor
from strate import _core


def sized(name, places, vocabulary, units):
    index = np.random.default_rng(4).integers(0, vocabulary, places)
    arrays = {
        "weight": normal(vocabulary, units, seed=2),
        "dy": normal(*places, units, seed=3),
        "index": index,
    }
    return Case(name, arrays)


class TestEmbedding(OpTests):
    gradients = {"weight": "dweight"}
    nan_inputs = ("weight", "dy")
    cases = [
        sized("one", (1,), 1, 1),
        sized("a word twice", (3, 4), 5, 3),
        sized("two axes", (6, 11), 9, 33),
        sized("no sentence", (0, 4), 5, 7),
        sized("no word", (3, 0), 5, 7),
        sized("a single number", (), 4, 16),
        sized("many", (64, 40), 3000, 70),
        sized("few words often", (500,), 7, 130),
    ]

    def run(self, case, arrays):
        weight = tensor(arrays["weight"])
        y, index = _core.embedding_forward(tensor(arrays["index"]), weight)
        dweight = empty(weight.shape, weight.dtype)
        _core.embedding_backward(tensor(arrays["dy"]), index, dweight)
        return results(y=y, dweight=dweight)

    def oracle(self, case, arrays):
        dweight = np.zeros_like(arrays["weight"])
        np.add.at(dweight, arrays["index"], arrays["dy"])
        return {"y": arrays["weight"][arrays["index"]], "dweight": dweight}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
def test_whole_numbers_of_any_type(dtype):
    weight = tensor(normal(2, 3))
    x = np.array([[1, 0], [1, 1]])
    y, index = _core.embedding_forward(tensor(x.astype(dtype)), weight)
    assert index.dtype == "int64" and np.array_equal(index.numpy(), x)
    assert np.array_equal(y.numpy(), weight.numpy()[x])


def test_numbers_may_lie_on_the_host():
    weight, x = normal(4, 3), np.array([3.0, 0, 3])
    y, index = _core.embedding_forward(_core.from_numpy(x), tensor(weight))
    assert np.array_equal(y.numpy(), weight[x.astype(int)]) and index.device == y.device


@pytest.mark.parametrize("instructions", _core.supported_isas())
@pytest.mark.parametrize("place", [0, 18, 36])
def test_flag_of_a_gradient_that_is_not_finite(instructions, place):
    with isa(instructions):
        dy, dweight = normal(5, 37), empty((4, 37), "float64")
        index = tensor(np.array([0, 3, 3, 1, 0]))
        _core.embedding_backward(tensor(dy), index, dweight)
        assert not _core.take_nonfinite(dweight)
        dy[2, place] = np.inf
        _core.embedding_backward(tensor(dy), index, dweight)
        assert _core.take_nonfinite(dweight)


def test_errors():
    weight = tensor(normal(4, 3))

    def forward(values, dtype="float32"):
        return lambda: _core.embedding_forward(tensor(np.array(values, dtype)), weight)

    rule = r"\[embedding\] x holds whole numbers in 0 ... 3; got "
    rejects(ValueError, rule + r"x\[1, 0\]=4", forward([[0, 3], [4, -1]]))
    rejects(ValueError, rule + r"x\[1\]=-1", forward([0, -1], "int64"))
    rejects(ValueError, rule + r"x\[2\]=0.5", forward([0, 1, 0.5]))
    rejects(ValueError, rule + r"x\[0\]=nan", forward([np.nan], "float64"))
    rejects(ValueError, rule + r"x\[0\]=inf", forward([np.inf], "float64"))
    rejects(ValueError, rule + r"x\[1\]=200", forward([0, 200], "uint8"))
    rejects(
        ValueError,
        r"weight is \(vocabulary, units\); got weight=\(4,\)",
        lambda: _core.embedding_forward(tensor(np.zeros(1)), tensor(np.zeros(4))),
    )
    rejects(
        TypeError,
        "weight is float32 or float64; got weight=int64",
        lambda: _core.embedding_forward(tensor(np.zeros(1)), tensor(np.zeros((4, 3), np.int64))),
    )

    def backward(dy, index, dweight):
        return lambda: _core.embedding_backward(tensor(dy), tensor(index), dweight)

    index, dweight = np.array([1, 2]), empty((4, 3), "float64")
    rejects(
        ValueError,
        r"dy has the shape of y, \(2, 3\); got dy=\(2, 4\)",
        backward(np.zeros((2, 4)), index, dweight),
    )
    rejects(TypeError, "dy and dweight have one", backward(np.zeros((2, 3), np.float32), index, dweight))
    rejects(TypeError, "index is int64", backward(np.zeros((2, 3)), index.astype(np.int32), dweight))
    rejects(ValueError, r"x\[1\]=4", backward(np.zeros((2, 3)), np.array([1, 4]), dweight))
    across = empty((3, 4), "float64").transpose((1, 0))
    rejects(ValueError, "dweight is written and contiguous", backward(np.zeros((2, 3)), index, across))
