"""Trained sub-sampling against numpy, window by window."""

import numpy as np
import pytest

from harness import Case, OpTests, empty, normal, rejects, results, tensor
from products import activate
from strate import _core


def sized(name, shape, window=(2, 2), activation="identity"):
    n, height, width, channels = shape
    arrays = {
        "x": normal(*shape),
        "weight": normal(channels, seed=2),
        "bias": normal(channels, seed=3),
        "dy": normal(n, height // window[0], width // window[1], channels, seed=4),
    }
    return Case(name, arrays, (window, activation))


class TestSubSample2d(OpTests):
    gradients = {"x": "dx", "weight": "dweight", "bias": "dbias"}
    nan_inputs = ("x", "weight", "dy")
    float32_bound = 2e-6
    cases = [
        sized("lenet5-s2", (2, 28, 28, 6), activation="scaled_tanh"),
        sized("lenet5-s4", (3, 10, 10, 16), activation="tanh"),
        sized("rest", (2, 7, 5, 3), activation="sigmoid"),
        sized("rest-of-a-tall-window", (2, 11, 9, 18), (3, 2)),
        sized("whole-image", (2, 4, 5, 7), (4, 5)),
        sized("one-pixel", (1, 3, 3, 1), (1, 1), "leaky_relu"),
        sized("softmax", (2, 4, 4, 5), activation="softmax"),
        sized("no-images", (0, 6, 6, 3)),
        sized("no-channels", (2, 6, 6, 0)),
        sized("chunks", (9, 60, 62, 17), activation="tanh"),
        *(
            sized(f"{kind}-{channels}", (1, 4, 4, channels), activation=kind)
            for kind in ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "scaled_tanh")
            for channels in (3, 8)
        ),
    ]

    def run(self, case, arrays):
        window, kind = case.settings
        activation = _core.Activation(kind, 0.1)
        x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
        y = _core.sub_sample2d_forward(x, weight, bias, window, activation)
        dweight, dbias = (empty(weight.shape, x.dtype) for _ in range(2))
        dx = _core.sub_sample2d_backward(dy, x, weight, y, window, activation, dweight, dbias, True)
        return results(y=y, dx=dx, dweight=dweight, dbias=dbias)

    def oracle(self, case, arrays):
        (h, w), kind = case.settings
        x, dy = arrays["x"], arrays["dy"]
        n, rows, columns, channels = dy.shape
        whole = x[:, : rows * h, : columns * w].reshape(n, rows, h, columns, w, channels)
        sums = whole.sum((2, 4))
        z = sums * arrays["weight"] + arrays["bias"]
        y, backward = activate(kind if dy.size else "identity", z)
        dz = backward(dy)
        dx = np.zeros_like(x)
        spread = np.repeat(np.repeat(dz * arrays["weight"], h, 1), w, 2)
        dx[:, : rows * h, : columns * w] = spread
        return {"y": y, "dx": dx, "dweight": (dz * sums).sum((0, 1, 2)), "dbias": dz.sum((0, 1, 2))}


def test_it_is_average_pooling_with_a_weight_of_one_over_the_window():
    x = normal(2, 6, 8, 5)
    weight, bias = tensor(np.full(5, 0.25)), tensor(np.zeros(5))
    y = _core.sub_sample2d_forward(tensor(x), weight, bias, (2, 2), _core.Activation("identity"))
    pooled = _core.average_pool2d_forward(tensor(x), _core.Pool2d((2, 2), (2, 2)))
    assert np.allclose(y.numpy(), pooled.numpy(), rtol=1e-14)


def backward(dy, **changed):
    given = {
        "x": tensor(np.ones((1, 4, 4, 2))),
        "weight": tensor(np.ones(2)),
        "y": None,
        "window": (2, 2),
        "activation": _core.Activation("identity"),
        "dweight": None,
        "dbias": None,
        "need_dx": True,
    }
    return _core.sub_sample2d_backward(tensor(dy), **{**given, **changed})


def test_gradients_that_nobody_asks_for():
    dy, dbias = np.ones((1, 2, 2, 2)), tensor(np.zeros(2))
    assert backward(dy, need_dx=False, dbias=dbias) is None
    assert dbias.tolist() == [4, 4]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_flags(bad):
    dy = np.ones((1, 2, 2, 2))
    dy[0, 1, 1, 1] = bad
    dweight, dbias = tensor(np.zeros(2)), tensor(np.zeros(2))
    backward(dy, dweight=dweight, dbias=dbias)
    assert _core.take_nonfinite(dweight) and _core.take_nonfinite(dbias)
    backward(np.ones((1, 2, 2, 2)), dweight=dweight, dbias=dbias)
    assert not _core.take_nonfinite(dweight) and not _core.take_nonfinite(dbias)


def test_errors():
    x, one, two = tensor(np.zeros((1, 4, 4, 2))), tensor(np.zeros(1)), tensor(np.zeros(2))
    identity = _core.Activation("identity")

    def forward(x=x, weight=two, bias=two, window=(2, 2)):
        return lambda: _core.sub_sample2d_forward(x, weight, bias, window, identity)

    rejects(ValueError, r"x is \(N, H, W, C\)", forward(tensor(np.zeros((4, 4, 2)))))
    rejects(ValueError, r"fits the image; got window=5x2, x=\(1, 4, 4, 2\)", forward(window=(5, 2)))
    rejects(ValueError, "a window has a pixel", forward(window=(0, 2)))
    rejects(ValueError, r"weight is \(2,?\); got weight=\(1,?\)", forward(weight=one))
    rejects(ValueError, r"bias is \(2,?\); got bias=\(1,?\)", forward(bias=one))
    rejects(TypeError, "x and weight have one element type", forward(weight=two.astype("float32")))
    rejects(TypeError, "x is float32 or float64", forward(x.astype("int64")))
    dy = np.zeros((1, 2, 2, 2))
    rejects(ValueError, r"dy has the shape of y, \(1, 2, 2, 2\)", lambda: backward(np.zeros((1, 2, 2, 1))))
    rejects(
        ValueError,
        "backward through tanh needs y; got y=None",
        lambda: backward(dy, activation=_core.Activation("tanh")),
    )
    rejects(ValueError, r"dweight is \(2,?\); got dweight=\(1,?\)", lambda: backward(dy, dweight=one))
    rejects(ValueError, "dbias is written: .*not read-only", lambda: backward(dy, dbias=two.as_read_only()))
