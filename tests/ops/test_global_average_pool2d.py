"""Global average pooling: numpy's mean, large images, and the error texts."""

import numpy as np

from harness import Case, OpTests, error, normal, rejects, results, tensor
from strate import _core


class TestGlobalAveragePool2d(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x", "dy")
    parameters = ()
    cases = [
        Case(
            "x".join(map(str, shape)),
            {"x": normal(*shape), "dy": normal(shape[0], shape[3], seed=2)},
            nan=None if min(shape) else (),
        )
        for shape in [
            (1, 1, 1, 1),
            (2, 3, 5, 7),
            (3, 7, 7, 104),
            (20, 7, 7, 70),
            (1, 60, 50, 33),
            (2, 128, 65, 6),
            (0, 3, 3, 4),
            (2, 3, 3, 0),
        ]
    ]

    def run(self, case, arrays):
        x, dy = tensor(arrays["x"]), tensor(arrays["dy"])
        y = _core.global_average_pool2d_forward(x)
        return results(y=y, dx=_core.global_average_pool2d_backward(dy, x.shape))

    def oracle(self, case, arrays):
        x = arrays["x"]
        dx = np.broadcast_to(arrays["dy"][:, None, None] / (x.shape[1] * x.shape[2]), x.shape)
        return {"y": x.mean((1, 2)), "dx": dx}


def test_an_image_of_many_pixels_loses_no_digits():
    x = np.random.default_rng(0).uniform(size=(1, 500, 500, 3)).astype(np.float32)
    y = _core.global_average_pool2d_forward(tensor(x)).numpy()
    assert error(y, x.mean((1, 2), dtype=np.float64)) < 1e-7


def test_errors():
    x, dy = tensor(np.zeros((2, 3, 3, 4))), tensor(np.zeros((2, 3)))
    forward, backward = _core.global_average_pool2d_forward, _core.global_average_pool2d_backward
    rejects(ValueError, r"x is \(N, H, W, C\); got x=\(2, 3\)", lambda: forward(dy))
    rejects(ValueError, r"an image has pixels; got x=\(2, 0, 3, 4\)", lambda: backward(dy, (2, 0, 3, 4)))
    rejects(ValueError, r"dy has the shape of y, \(2, 4\); got dy=\(2, 3\)", lambda: backward(dy, x.shape))
    rejects(TypeError, "x is float32 or float64", lambda: forward(x.astype("uint8")))
