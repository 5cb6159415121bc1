"""Channels by constants, against numpy."""

import numpy as np

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core


def build():
    cases = []
    for name, shape in [
        ("one", (1,)),
        ("row", (5, 7)),
        ("image", (2, 5, 6, 3)),
        ("grey", (2, 5, 7, 1)),
        ("many-channels", (3, 2, 67)),
        ("sixteen", (9, 16)),
        ("large", (40, 33, 31, 3)),
        ("empty", (0, 3)),
        ("no-channels", (3, 0)),
    ]:
        channels = shape[-1]
        arrays = {
            "x": normal(*shape),
            "mean": normal(channels, seed=2),
            "deviation": np.abs(normal(channels, seed=3)) + 0.5,
            "dy": normal(*shape, seed=4),
        }
        cases.append(Case(name, arrays))
    return cases


class TestNormalize(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x", "dy", "mean", "deviation")
    cases = build()

    def run(self, case, arrays):
        x, mean, deviation, dy = (tensor(arrays[name]) for name in ("x", "mean", "deviation", "dy"))
        y = _core.normalize_forward(x, mean, deviation)
        return results(y=y, dx=_core.normalize_backward(dy, deviation))

    def oracle(self, case, arrays):
        mean, deviation = arrays["mean"], arrays["deviation"]
        return {"y": (arrays["x"] - mean) / deviation, "dx": arrays["dy"] / deviation}


def test_errors():
    x, three, single = tensor(np.zeros((4, 3))), tensor(np.ones(3)), tensor(np.ones(3, np.float32))
    forward, backward = _core.normalize_forward, _core.normalize_backward
    rejects(
        ValueError,
        r"mean has one number for each channel; got mean=\(2,\), x=\(4, 3\)",
        lambda: forward(x, tensor(np.zeros(2)), three),
    )
    rejects(ValueError, r"deviation has one number", lambda: forward(x, three, tensor(np.ones(4))))
    rejects(ValueError, r"deviation has one number", lambda: backward(x, tensor(np.ones((3, 1)))))
    rejects(ValueError, r"mean has one number", lambda: forward(tensor(np.array(1.0)), three, three))
    rejects(TypeError, r"x and mean have one element type", lambda: forward(x, single, three))
    rejects(
        TypeError,
        r"x is float32 or float64; got x=int64",
        lambda: forward(x.astype("int64"), three, three),
    )
