"""Max pooling: the lecture's golden example, numpy, winners and NaN."""

import numpy as np
import pytest
from hypothesis import given, settings

from harness import OpTests, isa, normal, rejects, results, tensor
from pooling import Window, any_problem, geometries, golden, pool, windows
from strate import _core


def argmax_of(seen):
    """Place of the first largest entry; NaN counts as the largest."""
    return (
        int(np.argmax(np.where(np.isnan(seen), np.inf, seen)))
        if np.isnan(seen).any()
        else int(np.argmax(seen))
    )


class TestMaxPool2d(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x",)
    parameters = ()
    exact = ("argmax", "y")
    float32_bound = 3e-7
    cases = geometries()

    def run(self, case, arrays):
        x = tensor(arrays["x"])
        y, argmax = _core.max_pool2d_forward(x, pool(case.settings), True)
        plain, none = _core.max_pool2d_forward(x, pool(case.settings), False)
        assert none is None
        dx = _core.max_pool2d_backward(tensor(arrays["dy"]), argmax, x.shape, pool(case.settings))
        return results(y=y, argmax=argmax, dx=dx, plain=plain)

    def oracle(self, case, arrays):
        x, dy = arrays["x"], arrays["dy"]
        y, argmax, dx = np.zeros(dy.shape), np.zeros(dy.shape), np.zeros(x.shape)
        for n, i, j, rows, columns, places in windows(x.shape, case.settings):
            seen = x[n, rows, columns]
            for c in range(x.shape[3]):
                best = argmax_of(seen[:, c])
                y[n, i, j, c], argmax[n, i, j, c] = seen[best, c], places[best]
                dx[n, rows[best], columns[best], c] += dy[n, i, j, c]
        return {"y": y, "argmax": argmax, "dx": dx, "plain": y}


@settings(max_examples=60)
@given(any_problem())
def test_any_geometry(case):
    assert _core.pool2d_shape(case.arrays["x"].shape, pool(case.settings)) == case.arrays["dy"].shape
    TestMaxPool2d().test_oracle(case)


def test_lecture():
    y, argmax = _core.max_pool2d_forward(tensor(golden), pool(Window((2, 2), (2, 2))), True)
    assert y.numpy().reshape(2, 2).tolist() == [[6, 8], [3, 4]]
    assert argmax.numpy().reshape(2, 2).tolist() == [[3, 3], [0, 3]]
    assert argmax.dtype == "uint8"


@pytest.mark.parametrize("instructions", _core.supported_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("window", [Window((2, 2), (2, 2)), Window((3, 3), (3, 3))])
@pytest.mark.parametrize("channels", [3, 8, 19, 20])
def test_first_of_equals_wins_and_first_nan_wins(instructions, dtype, window, channels):
    rows, columns = window.window
    x = np.zeros((1, rows, 3 * columns, channels), dtype)
    with isa(instructions):
        y, argmax = _core.max_pool2d_forward(tensor(x), pool(window), True)
        assert not argmax.numpy().any()
        x[0, 0, 1::columns] = x[0, 1, ::columns] = np.nan
        x[0, 1, 1::columns] = np.inf
        y, argmax = _core.max_pool2d_forward(tensor(x), pool(window), True)
    assert np.isnan(y.numpy()).all() and (argmax.numpy() == 1).all()


def test_padding_never_wins_over_negative_numbers():
    x = np.full((1, 4, 4, 5), -np.inf, np.float32)
    y, argmax = _core.max_pool2d_forward(tensor(x), pool(Window((3, 3), (2, 2), (1, 1, 1, 1))), True)
    assert (y.numpy() == -np.inf).all()
    assert argmax.numpy()[0, 0, 0].tolist() == [4] * 5  # the first place of the window that is a pixel


@pytest.mark.parametrize(("window", "dtype"), [((16, 16), "uint8"), ((16, 17), "int32")])
def test_argmax_is_one_byte_up_to_256_places(window, dtype):
    x = normal(1, 20, 20, 3)
    assert _core.max_pool2d_forward(tensor(x), pool(Window(window, (2, 2))), True)[1].dtype == dtype


def test_errors():
    x = tensor(np.zeros((1, 4, 4, 2), np.float32))
    two = pool(Window((2, 2), (2, 2)))
    y, argmax = _core.max_pool2d_forward(x, two, True)
    rejects(
        ValueError,
        r"x is \(N, H, W, C\); got x=\(4, 4\)",
        lambda: _core.max_pool2d_forward(tensor(np.zeros((4, 4))), two, False),
    )
    rejects(
        TypeError,
        "x is float32 or float64; got x=uint8",
        lambda: _core.max_pool2d_forward(tensor(np.zeros((1, 4, 4, 2), np.uint8)), two, False),
    )
    rejects(
        ValueError,
        r"\[max_pool2d\] a window of 5x5 .* does not fit the image; got x=\(1, 4, 4, 2\)",
        lambda: _core.max_pool2d_forward(x, pool(Window((5, 5), (1, 1))), False),
    )
    rejects(
        ValueError,
        "padding is smaller than the window; got padding=2, window=2",
        lambda: pool(Window((2, 2), (2, 2), (0, 2, 0, 0))),
    )
    rejects(ValueError, "stride is 1 or more; got 0", lambda: pool(Window((2, 2), (0, 2))))
    rejects(ValueError, "stride is at most 1048576; got", lambda: pool(Window((2, 2), (2**20 + 1, 2))))
    rejects(
        ValueError,
        "every window holds a pixel",
        lambda: _core.max_pool2d_forward(
            tensor(np.zeros((1, 1, 4, 1))), pool(Window((2, 1), (1, 1), (1, 1, 0, 0), (2, 1))), False
        ),
    )
    rejects(
        ValueError,
        r"dy has the shape of y, \(1, 2, 2, 2\); got dy=\(1, 4, 4, 2\)",
        lambda: _core.max_pool2d_backward(x, argmax, x.shape, two),
    )
    rejects(
        TypeError,
        "argmax of this window is uint8; got argmax=int32",
        lambda: _core.max_pool2d_backward(y, argmax.astype("int32"), x.shape, two),
    )
