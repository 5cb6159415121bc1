"""Activations against numpy, and the limits of each."""

import numpy as np
import pytest

from harness import Case, OpTests, error, isa, normal, rejects, results, tensor
from strate import _core

kinds = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "scaled_tanh", "softmax")


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e / (1 + e), 1 / (1 + e))


def softmax(x):
    if x.size == 0:
        return x.copy()
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


formulas = {
    "identity": (lambda x: x, lambda y: np.ones_like(y)),
    "relu": (lambda x: np.maximum(x, 0), lambda y: np.where(y <= 0, 0.0, 1.0)),
    "leaky_relu": (lambda x: np.where(x < 0, 0.1 * x, x), lambda y: np.where(y <= 0, 0.1, 1.0)),
    "sigmoid": (sigmoid, lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y * y),
    "scaled_tanh": (
        lambda x: 1.7159 * np.tanh(x * 2 / 3),
        lambda y: 2 / 3 / 1.7159 * (1.7159 - y) * (1.7159 + y),
    ),
}


def cases():
    for kind in kinds:
        for name, shape in [
            ("one", (1,)),
            ("row", (10,)),
            ("odd", (5, 3, 7)),
            ("tail", (3, 33)),
            ("empty", (0, 4)),
            ("large", (700, 129)),
            ("wide-row", (2, 700)),
            ("long-row", (2, 40001)),
        ]:
            yield Case(f"{kind}-{name}", {"x": normal(*shape), "dy": normal(*shape, seed=2)}, kind)


class TestActivation(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x",)
    parameters = ()
    cases = list(cases())

    def run(self, case, arrays):
        activation = _core.Activation(case.settings, 0.1)
        y = _core.activation_forward(tensor(arrays["x"]), activation)
        dx = _core.activation_backward(tensor(arrays["dy"]), y, activation)
        return results(y=y, dx=dx)

    def oracle(self, case, arrays):
        x, dy = arrays["x"], arrays["dy"]
        if case.settings == "softmax":
            y = softmax(x)
            return {"y": y, "dx": y * (dy - (dy * y).sum(axis=-1, keepdims=True))}
        forward, derivative = formulas[case.settings]
        y = forward(x)
        if case.settings in ("identity", "relu", "leaky_relu"):
            return {"y": y, "dx": dy * derivative(y)}
        return {"y": y, "dx": np.where(np.isnan(y), np.nan, dy * derivative(y))}


class TestElementary(OpTests):
    """exp and log by themselves; tests/test_math.py measures them in units in the last place."""

    nan_inputs = ("x",)
    cases = [
        Case(f"{function}-{name}", {"x": np.abs(normal(*shape))}, function)
        for function in ("exp", "log")
        for name, shape in [("odd", (5, 7)), ("empty", (0,)), ("large", (70001,))]
    ]

    def run(self, case, arrays):
        return results(y=_core.elementary(tensor(arrays["x"]), case.settings))

    def oracle(self, case, arrays):
        return {"y": getattr(np, case.settings)(arrays["x"])}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("instructions", _core.supported_isas())
def test_limits(dtype, instructions):
    x = np.array([-np.inf, -1e4, -0.0, 0.0, 1e4, np.inf], dtype)
    with isa(instructions):
        found = {k: _core.activation_forward(tensor(x), _core.Activation(k, 0.5)).numpy() for k in kinds[:6]}
    assert found["relu"].tolist() == [0, 0, 0, 0, 1e4, np.inf]
    assert found["leaky_relu"].tolist() == [-np.inf, -5e3, 0, 0, 1e4, np.inf]
    assert found["sigmoid"].tolist() == [0, 0, 0.5, 0.5, 1, 1]
    assert found["tanh"].tolist() == [-1, -1, 0, 0, 1, 1]
    top = float(np.dtype(dtype).type(1.7159))
    assert found["scaled_tanh"].tolist() == [-top, -top, 0, 0, top, top]
    assert np.signbit(found["tanh"][2]) and not np.signbit(found["tanh"][3])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_is_finite_for_large_inputs(dtype):
    x = np.array([[1e4, -1e4, 0.0], [1e4, 1e4, -1e4]], dtype)
    y = _core.activation_forward(tensor(x), _core.Activation("softmax")).numpy()
    assert y.tolist() == [[1, 0, 0], [0.5, 0.5, 0]]


@pytest.mark.parametrize("length", range(1, 70))
def test_softmax_rows_of_any_length(length):
    x = normal(3, length)
    for instructions in _core.supported_isas():
        with isa(instructions):
            y = _core.activation_forward(tensor(x), _core.Activation("softmax")).numpy()
        assert error(y, softmax(x)) < 1e-14


@pytest.mark.parametrize("length", [5, 100, 700, 3000])
def test_softmax_of_infinite_numbers(length):
    """What is -infinity has no share; a row of nothing else, or with an infinity, has no softmax."""
    x = normal(4, length)
    x[0, : length - 2] = x[1, 3:] = x[2] = -np.inf
    x[3, length // 2] = np.inf
    y = _core.activation_forward(tensor(x), _core.Activation("softmax")).numpy()
    assert error(y[:2], softmax(x[:2])) < 1e-14
    assert np.isnan(y[2:]).all()


def test_relu_derivative_at_the_kink_is_zero():
    y = np.zeros(5, np.float32)
    dx = _core.activation_backward(tensor(y + 1), tensor(y), _core.Activation("relu")).numpy()
    assert dx.tolist() == [0] * 5


def test_errors():
    x, relu = tensor(np.zeros((2, 3))), _core.Activation("relu")
    rejects(ValueError, r"kind is identity, relu, .* got kind=gelu", lambda: _core.Activation("gelu"))
    rejects(ValueError, r"slope.*0 or more; got slope=-1", lambda: _core.Activation("leaky_relu", -1))
    rejects(
        TypeError,
        r"x is float32 or float64; got x=int64 \(3,?\)",
        lambda: _core.activation_forward(tensor(np.arange(3)), relu),
    )
    rejects(
        ValueError,
        r"one shape; got dy=\(2, 3\), y=\(3, 2\)",
        lambda: _core.activation_backward(x, tensor(np.zeros((3, 2))), relu),
    )
    rejects(
        TypeError,
        r"one element type; got dy=float64 \(2, 3\), y=float32",
        lambda: _core.activation_backward(x, tensor(np.zeros((2, 3), np.float32)), relu),
    )
    rejects(
        ValueError,
        r"softmax needs an axis; got x=\(\)",
        lambda: _core.activation_forward(tensor(np.array(1.0)), _core.Activation("softmax")),
    )
