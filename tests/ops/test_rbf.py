"""Squared distances to codes, negated, against numpy."""

import numpy as np

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core


def sized(name, rows, units, inputs):
    arrays = {
        "x": normal(rows, inputs),
        "codes": normal(units, inputs, seed=2),
        "dy": normal(rows, units, seed=3),
    }
    return Case(name, arrays)


class TestRbf(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x", "codes", "dy")
    cases = [
        sized("lenet5", 5, 10, 84),
        sized("one", 1, 1, 1),
        sized("odd", 7, 3, 5),
        sized("registers", 3, 8, 32),
        sized("no-rows", 0, 4, 6),
        sized("no-units", 3, 0, 6),
        sized("no-inputs", 3, 4, 0),
        sized("many-rows", 300, 11, 37),
    ]

    def run(self, case, arrays):
        x, codes, dy = (tensor(arrays[name]) for name in ("x", "codes", "dy"))
        return results(y=_core.rbf_forward(x, codes), dx=_core.rbf_backward(dy, x, codes))

    def oracle(self, case, arrays):
        difference = arrays["x"][:, None] - arrays["codes"][None]
        dx = -2 * (arrays["dy"][..., None] * difference).sum(1)
        return {"y": -(difference**2).sum(-1), "dx": dx}


def test_the_nearest_code_has_the_largest_output():
    codes = np.sign(normal(6, 40))
    y = _core.rbf_forward(tensor(codes + normal(6, 40, seed=2, scale=0.1)), tensor(codes)).numpy()
    assert y.argmax(1).tolist() == list(range(6))
    assert (y <= 0).all()


def test_errors():
    x, codes = tensor(np.zeros((4, 3))), tensor(np.zeros((2, 3)))
    rejects(
        ValueError,
        r"x is \(N, inputs\), codes \(units, inputs\); got x=\(4, 3\), codes=\(2, 4\)",
        lambda: _core.rbf_forward(x, tensor(np.zeros((2, 4)))),
    )
    rejects(ValueError, r"x is \(N, inputs\)", lambda: _core.rbf_forward(tensor(np.zeros(3)), codes))
    rejects(TypeError, "one element type", lambda: _core.rbf_forward(x, codes.astype("float32")))
    rejects(TypeError, "float32 or float64", lambda: _core.rbf_forward(x.astype("int64"), codes))
    rejects(
        ValueError,
        r"dy is \(4, 2\); got dy=\(2, 4\)",
        lambda: _core.rbf_backward(tensor(np.zeros((2, 4))), x, codes),
    )
    rejects(
        TypeError,
        "x and dy have one element type",
        lambda: _core.rbf_backward(tensor(np.zeros((4, 2), np.float32)), x, codes),
    )
