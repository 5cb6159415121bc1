"""Average pooling: the lecture's golden example, numpy, and what a window divides by."""

import numpy as np
from hypothesis import given, settings

from harness import OpTests, rejects, results, tensor
from pooling import Window, any_problem, geometries, golden, pool, windows
from strate import _core


class TestAveragePool2d(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x", "dy")
    parameters = ()
    cases = geometries(count_padding=False) + geometries(count_padding=True)

    def run(self, case, arrays):
        x = tensor(arrays["x"])
        y = _core.average_pool2d_forward(x, pool(case.settings))
        dx = _core.average_pool2d_backward(tensor(arrays["dy"]), x.shape, pool(case.settings))
        return results(y=y, dx=dx)

    def oracle(self, case, arrays):
        x, dy, w = arrays["x"], arrays["dy"], case.settings
        y, dx = np.zeros(dy.shape), np.zeros(x.shape)
        for n, i, j, rows, columns, _ in windows(x.shape, w):
            count = len(rows)
            if w.count_padding:
                count = 1
                for axis, o in ((0, i), (1, j)):
                    start = o * w.stride[axis] - w.padding[2 * axis]
                    end = x.shape[1 + axis] + w.padding[2 * axis + 1]
                    count *= sum(start + a * w.dilation[axis] < end for a in range(w.window[axis]))
            y[n, i, j] = x[n, rows, columns].sum(axis=0) / count
            dx[n, rows, columns] += dy[n, i, j] / count
        return {"y": y, "dx": dx}


@settings(max_examples=60)
@given(any_problem(count_padding=True))
def test_any_geometry(case):
    assert _core.pool2d_shape(case.arrays["x"].shape, pool(case.settings)) == case.arrays["dy"].shape
    TestAveragePool2d().test_oracle(case)


def test_lecture():
    y = _core.average_pool2d_forward(tensor(golden), pool(Window((2, 2), (2, 2))))
    assert y.numpy().reshape(2, 2).tolist() == [[3.25, 5.25], [2, 2]]


def test_padding_counts_only_when_asked():
    x = np.ones((1, 2, 2, 1), np.float32)
    for count_padding, corner in ((False, 1.0), (True, 4 / 9)):
        window = Window((3, 3), (2, 2), (1, 1, 1, 1), count_padding=count_padding)
        y = _core.average_pool2d_forward(tensor(x), pool(window)).numpy()
        assert np.allclose(y, corner)


def test_rounding_up_adds_places_that_never_count():
    # 1x5 with windows of 2, stride 2, rounded up: the last window holds one pixel.
    x = np.arange(5.0).reshape(1, 1, 5, 1)
    for count_padding in (False, True):
        window = Window((1, 2), (1, 2), ceil=True, count_padding=count_padding)
        assert _core.average_pool2d_forward(tensor(x), pool(window)).numpy().ravel().tolist() == [
            0.5,
            2.5,
            4.0,
        ]


def test_a_window_that_would_start_in_the_padding_behind_is_left_out():
    shape = _core.pool2d_shape((1, 4, 4, 1), pool(Window((2, 2), (3, 3), (0, 1, 0, 1), ceil=True)))
    assert shape == (1, 2, 2, 1)
    assert _core.pool2d_shape((1, 3, 3, 1), pool(Window((2, 2), (3, 3), (0, 1, 0, 1), ceil=True))) == (
        1,
        1,
        1,
        1,
    )


def test_settings_can_be_read():
    p = pool(Window((2, 3), (1, 2), (1, 0, 2, 1), (2, 1), ceil=True, count_padding=True))
    assert (p.window, p.stride, p.padding, p.dilation) == ((2, 3), (1, 2), (1, 0, 2, 1), (2, 1))
    assert p.ceil and p.count_padding


def test_errors():
    x = tensor(np.zeros((1, 4, 4, 2), np.float32))
    two = pool(Window((2, 2), (2, 2)))
    rejects(
        ValueError,
        r"\[average_pool2d\] a window of 5x2 .* does not fit the image",
        lambda: _core.average_pool2d_forward(x, pool(Window((5, 2), (1, 1)))),
    )
    rejects(
        ValueError,
        r"dy has the shape of y, \(1, 2, 2, 2\); got dy=\(1, 4, 4, 2\)",
        lambda: _core.average_pool2d_backward(x, (1, 4, 4, 2), two),
    )
    rejects(ValueError, "does not fit the image", lambda: _core.pool2d_shape((1, 0, 4, 2), two))
