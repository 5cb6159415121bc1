"""Masks against numpy."""

import numpy as np
import pytest

from harness import Case, OpTests, isa, normal, rejects, results, tensor
from strate import _core


def sized(name, shape, last):
    kept = np.random.default_rng(5).integers(0, 2, shape[len(shape) - last :]).astype(np.float64)
    return Case(name, {"x": normal(*shape), "mask": kept, "dy": normal(*shape, seed=2)})


class TestMask(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x",)
    cases = [
        sized("row", (1, 3), 1),
        sized("connections", (5, 5, 6, 16), 2),
        sized("tail", (7, 33), 1),
        sized("whole", (4, 19), 2),
        sized("empty", (0, 4), 1),
        sized("large", (900, 173), 1),
    ]

    def run(self, case, arrays):
        y, dx = (_core.mask(tensor(arrays[name]), tensor(arrays["mask"])) for name in ("x", "dy"))
        return results(y=y, dx=dx)

    def oracle(self, case, arrays):
        return {
            result: np.where(arrays["mask"] != 0, arrays[name], 0)
            for name, result in (("x", "y"), ("dy", "dx"))
        }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("instructions", _core.supported_isas())
def test_nothing_comes_through_where_the_mask_is_zero(dtype, instructions):
    x = np.full((3, 21), np.nan, dtype)
    x[1] = np.inf
    with isa(instructions):
        y = _core.mask(tensor(x), tensor(np.zeros(21, dtype))).numpy()
    assert not y.any() and not np.isnan(y).any()


def test_in_place():
    x, kept = normal(3, 5), np.array([1.0, 0, 2, 0, 1])
    wanted = np.where(kept != 0, x, 0)
    y = tensor(x.copy())
    _core.mask(y, tensor(kept), y)
    assert np.array_equal(y.numpy(), wanted)


def test_errors():
    x = tensor(np.zeros((2, 3)))
    rejects(
        ValueError,
        r"shape of x's last axes; got x=\(2, 3\), mask=\(2,?\)",
        lambda: _core.mask(x, tensor(np.zeros(2))),
    )
    rejects(ValueError, "shape of x's last axes", lambda: _core.mask(x, tensor(np.zeros((1, 2, 3)))))
    rejects(TypeError, "one element type", lambda: _core.mask(x, tensor(np.zeros(3, np.float32))))
    rejects(TypeError, "float32 or float64", lambda: _core.mask(x.astype("int64"), x))
    rejects(ValueError, "x and y have one shape", lambda: _core.mask(x, x, tensor(np.zeros((3, 2)))))
    rejects(
        ValueError,
        "y is contiguous and may be written",
        lambda: _core.mask(x, x, tensor(np.zeros((3, 2))).transpose((1, 0))),
    )
    rejects(ValueError, "read-only", lambda: _core.mask(x, x, tensor(np.zeros((2, 3))).as_read_only()))
