"""Sums and products of two tensors, with the second spread over an image's positions or not."""

from itertools import product

import numpy as np

from harness import Case, OpTests, cpu_only, normal, rejects, results, tensor
from strate import _core

GEOMETRIES = {
    "one": ((1, 1), None),
    "odd": ((3, 5, 7), None),
    "large": ((7, 130, 129), None),
    "empty": ((0, 4), None),
    "spread": ((2, 3, 5, 7), (2, 1, 1, 7)),
    "spread-packs": ((2, 3, 5, 8), (2, 1, 1, 8)),
    "spread-tall": ((1, 150, 9), (1, 1, 9)),
    "spread-in-chunks": ((1, 80, 70, 5), (1, 1, 1, 5)),
    "spread-wide": ((2, 2, 2, 130), (2, 1, 1, 130)),
    "spread-empty": ((0, 3, 3, 4), (0, 1, 1, 4)),
    "spread-over-nothing": ((2, 0, 3, 4), (2, 1, 1, 4)),
}
DERIVATIVES = {
    "identity": (lambda z: z, lambda y: np.ones_like(y)),
    "relu": (lambda z: np.maximum(z, 0), lambda y: np.where(y <= 0, 0.0, 1.0)),
    "leaky_relu": (lambda z: np.where(z < 0, 0.1 * z, z), lambda y: np.where(y <= 0, 0.1, 1.0)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y * y),
}


def cases():
    for (name, (a, b)), kind in product(GEOMETRIES.items(), ("add", "multiply")):
        for activation in DERIVATIVES if name in ("odd", "spread", "spread-packs") else ("identity", "relu"):
            arrays = {"a": normal(*a), "b": normal(*(b or a), seed=2), "dy": normal(*a, seed=3)}
            yield Case(f"{kind}-{activation}-{name}", arrays, (kind, activation))


class TestCombine(OpTests):
    gradients = {"a": "da", "b": "db"}
    nan_inputs = ("a",)
    parameters = ()
    cases = list(cases())

    def run(self, case, arrays):
        kind, activation = case.settings
        combine = _core.Combine(kind, _core.Activation(activation, 0.1))
        a, b, dy = (tensor(arrays[name]) for name in ("a", "b", "dy"))
        y = _core.combine_forward(a, b, combine)
        kept = (a, b) if kind == "multiply" else (None, None)
        da, db = _core.combine_backward(dy, y, *kept, b.shape, combine)
        return results(y=y, da=da, db=db)

    def oracle(self, case, arrays):
        kind, activation = case.settings
        forward, derivative = DERIVATIVES[activation]
        a, b = arrays["a"], arrays["b"]
        y = forward(a + b if kind == "add" else a * b)
        delta = arrays["dy"] * derivative(y)
        da, db = (delta, delta) if kind == "add" else (delta * b, delta * a)
        spread = tuple(axis for axis in range(a.ndim) if b.shape[axis] != a.shape[axis])
        db = db.sum(axis=spread, keepdims=True)
        return {"y": y, "da": da, "db": db} if not np.isnan(a).any() else {"y": y}


def test_a_long_sum_over_positions_stays_exact():
    """A 256x256 image of tenths: a running sum in float32 would be wrong by 6e-4."""
    dy = tensor(np.full((1, 1 << 16, 1), 0.1, np.float32))
    add = _core.Combine("add", _core.Activation("identity"))
    _, db = _core.combine_backward(dy, dy, None, None, (1, 1, 1), add)
    assert abs(float(db.numpy()[0, 0, 0]) / (0.1 * (1 << 16)) - 1) < 1e-5


@cpu_only
def test_a_plain_sum_passes_dy_on():
    dy = tensor(normal(3, 4))
    add = _core.Combine("add", _core.Activation("identity"))
    da, db = _core.combine_backward(dy, dy, None, None, (3, 4), add)
    assert da.numpy().ctypes.data == db.numpy().ctypes.data == dy.numpy().ctypes.data


def test_errors():
    add = _core.Combine("add", _core.Activation("relu"))
    multiply = _core.Combine("multiply", _core.Activation("identity"))
    a = tensor(normal(2, 3, 3, 4))
    rejects(ValueError, "kind=subtract", lambda: _core.Combine("subtract", _core.Activation("relu")))
    rejects(ValueError, "elementwise.*softmax", lambda: _core.Combine("add", _core.Activation("softmax")))
    for shape in [(2, 3, 3, 5), (2, 1, 3, 4), (1, 1, 1, 4), (2, 4), (4,)]:
        b = tensor(normal(*shape))
        rejects(
            ValueError,
            r"one number for each map.*a=\(2, 3, 3, 4\)",
            lambda b=b: _core.combine_forward(a, b, add),
        )
    rejects(
        TypeError,
        "one element type",
        lambda: _core.combine_forward(a, tensor(normal(2, 3, 3, 4).astype("f")), add),
    )
    rejects(ValueError, "needs a and b", lambda: _core.combine_backward(a, a, None, None, a.shape, multiply))
    rejects(
        ValueError,
        "dy and y have one shape",
        lambda: _core.combine_backward(a, tensor(normal(2, 3, 3, 5)), None, None, a.shape, add),
    )
    rejects(
        ValueError,
        r"b has the shape \(2, 1, 1, 4\); got b=\(2, 3, 3, 4\)",
        lambda: _core.combine_backward(a, a, a, a, (2, 1, 1, 4), multiply),
    )
