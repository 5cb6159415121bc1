"""Layer normalisation: numpy, rows far from zero, flags, and the error texts."""

import numpy as np
import pytest

from harness import Case, OpTests, error, isa, normal, rejects, results, same_bits, tensor
from strate import _core

EPSILON = 1e-3


def sized(shape, scale=True, center=True, need_dx=True, **options):
    length = shape[-1]
    arrays = {
        "x": normal(*shape, seed=1),
        "gamma": np.float64(np.float32(1 + normal(length, seed=2, scale=0.2))),
        "beta": normal(length, seed=3),
        "dy": normal(*shape, seed=4),
    }
    name = f"{'x'.join(map(str, shape))} {'gamma' * scale} {'beta' * center}"
    return Case(name, arrays, (scale, center, need_dx), **options)


class TestLayerNorm(OpTests):
    gradients = {"x": "dx", "gamma": "dgamma", "beta": "dbeta"}
    nan_inputs = ("x", "dy", "gamma")
    float32_bound = 3e-6
    cases = [
        sized((1, 1)),
        sized((5,)),
        sized((3, 7)),
        sized((2, 3, 33), scale=False),
        sized((70, 16), center=False),
        sized((200, 10)),
        sized((6, 1000)),
        sized((3, 5000), scale=False, center=False),
        sized((2, 5001)),
        sized((40, 50, 64)),
        sized((4, 6), need_dx=False),
        sized((0, 5)),
    ]

    def run(self, case, arrays):
        scale, center, need_dx = case.settings
        x, dtype = tensor(arrays["x"]), str(arrays["x"].dtype)
        gamma = tensor(arrays["gamma"]) if scale else None
        beta = tensor(arrays["beta"]) if center else None
        y, statistics = _core.layer_norm_forward(x, gamma, beta, EPSILON)
        dgamma = tensor(np.full(arrays["gamma"].shape, 7, dtype)) if scale else None
        dbeta = tensor(np.full(arrays["gamma"].shape, 7, dtype)) if center else None
        dy = tensor(arrays["dy"])
        dx = _core.layer_norm_backward(dy, x, statistics, gamma, dgamma, dbeta, need_dx)
        return results(y=y, dx=dx, dgamma=dgamma, dbeta=dbeta)

    def test_gradients(self, case):
        found = self.run(case, {k: v.copy() for k, v in case.arrays.items()})
        scale, center, need_dx = case.settings
        for name, wanted in (("x", need_dx), ("gamma", scale), ("beta", center)):
            if wanted:
                self.check_gradient(case, name, found[self.gradients[name]])

    def oracle(self, case, arrays):
        scale, center, need_dx = case.settings
        x, dy = arrays["x"], arrays["dy"]
        inverse = 1 / np.sqrt(x.var(-1, keepdims=True) + EPSILON)
        xhat = (x - x.mean(-1, keepdims=True)) * inverse
        y, d = xhat, dy
        if scale:
            y, d = y * arrays["gamma"], d * arrays["gamma"]
        if center:
            y = y + arrays["beta"]
        slope = (d * xhat).mean(-1, keepdims=True)
        found = {"y": y}
        if need_dx:
            found["dx"] = inverse * (d - d.mean(-1, keepdims=True) - xhat * slope)
        before = tuple(range(x.ndim - 1))
        if scale:
            found["dgamma"] = (dy * xhat).sum(before)
        if center:
            found["dbeta"] = dy.sum(before)
        return found


@pytest.mark.parametrize("instructions", _core.supported_isas())
@pytest.mark.parametrize("length", [10, 64, 3001])
def test_a_mean_far_from_zero_costs_no_digits(length, instructions):
    x = (1e4 + np.random.default_rng(0).normal(size=(7, length))).astype(np.float32)
    double = x.astype(np.float64)
    want = (double - double.mean(1, keepdims=True)) / np.sqrt(double.var(1, keepdims=True) + 1e-5)
    with isa(instructions):
        y, _ = _core.layer_norm_forward(tensor(x), None, None, 1e-5)
    assert error(y.numpy(), want) < 1e-6


def test_numbers_may_begin_anywhere_in_memory():
    """At no multiple of the bytes that a device moves at a time: the same bits."""
    flat, dy = np.float32(normal(1 + 6 * 8)), tensor(np.float32(normal(6, 8, seed=2)))
    found = []
    for x in (tensor(flat[1:].reshape(6, 8).copy()), tensor(flat)[1:].reshape((6, 8))):
        y, statistics = _core.layer_norm_forward(x, None, None, 1e-5)
        found.append(results(y=y, dx=_core.layer_norm_backward(dy, x, statistics, None, None, None, True)))
    assert same_bits(*found) == []


def test_a_gradient_that_is_not_finite_raises_its_flag():
    x = tensor(normal(8, 3))
    _, statistics = _core.layer_norm_forward(x, None, None, 1e-5)
    for bad, flagged in ((0.0, False), (np.inf, True)):
        dy = normal(8, 3)
        dy[2, 1] += bad
        dgamma, dbeta = tensor(np.zeros(3)), tensor(np.zeros(3))
        _core.layer_norm_backward(tensor(dy), x, statistics, None, dgamma, dbeta, False)
        assert _core.take_nonfinite(dgamma) is flagged and _core.take_nonfinite(dbeta) is flagged


def test_errors():
    x, three, four = (tensor(np.zeros(shape)) for shape in ((2, 3), 3, 4))

    def backward(dy=x, statistics=x, dgamma=None):
        return _core.layer_norm_backward(dy, x, statistics, None, dgamma, None, True)

    def forward(x=x, gamma=None, epsilon=1e-5):
        return _core.layer_norm_forward(x, gamma, None, epsilon)

    rejects(ValueError, r"x has a last axis .*; got x=\(2, 0\)", lambda: forward(tensor(np.zeros((2, 0)))))
    rejects(ValueError, "epsilon is above 0; got epsilon=-1", lambda: forward(epsilon=-1))
    rejects(ValueError, "gamma has one number for each channel", lambda: forward(gamma=four))
    rejects(TypeError, "x and gamma have one element type", lambda: forward(gamma=three.astype("float32")))
    rejects(ValueError, "x and dy have one shape", lambda: backward(dy=three))
    rejects(TypeError, r"statistics are what forward returned, float64 \(2, 2\)", lambda: backward())
