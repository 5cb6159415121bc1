"""Local response normalisation: the paper's formula in numpy, windows at both ends, and the error texts."""

import numpy as np

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core

PAPER = (5, 2.0, 1e-4, 0.75)


class TestLocalResponseNorm(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x", "dy")
    float32_bound = 2e-6
    cases = [
        Case(f"{'x'.join(map(str, shape))} {settings}", {"x": x, "dy": normal(*shape, seed=2)}, settings)
        for shape, settings, x in (
            (shape, settings, normal(*shape, seed=1, scale=3))
            for shape, settings in [
                ((1,), PAPER),
                ((2, 3), PAPER),
                ((2, 3, 3, 96), PAPER),
                ((3, 7), (3, 1.0, 0.5, 0.75)),
                ((2, 5, 21), (7, 0.5, 0.2, 1.5)),
                ((4, 6), (1, 1.0, 1.0, 1.0)),
                ((4, 6), (101, 2.0, 0.1, 0.5)),
                ((2, 40, 30, 33), (5, 1.0, 0.3, 0.75)),
                ((3, 4), (5, 1.0, 0.0, 0.75)),
                ((0, 4), PAPER),
                ((3, 6200), PAPER),
            ]
        )
    ]

    def run(self, case, arrays):
        x, dy = tensor(arrays["x"]), tensor(arrays["dy"])
        y = _core.local_response_norm_forward(x, *case.settings)
        return results(y=y, dx=_core.local_response_norm_backward(dy, x, *case.settings))

    def oracle(self, case, arrays):
        (size, k, alpha, beta), x, dy = case.settings, arrays["x"], arrays["dy"]
        channels = x.shape[-1]

        def windows(v):
            return np.stack(
                [v[..., max(0, c - size // 2) : c + size // 2 + 1].sum(-1) for c in range(channels)], -1
            )

        d = k + alpha * windows(x * x)
        dx = dy * d**-beta - 2 * alpha * beta * x * windows(dy * x * d ** (-beta - 1))
        return {"y": x * d**-beta, "dx": dx}


def test_alpha_is_not_divided_by_size():
    y = _core.local_response_norm_forward(tensor(np.ones((1, 9))), 5, 1.0, 1.0, 1.0).numpy()
    assert np.allclose(1 / y, [[4, 5, 6, 6, 6, 6, 6, 5, 4]], rtol=1e-14)


def test_errors():
    x = tensor(np.zeros((2, 3)))

    def forward(x=x, size=5, k=2.0, alpha=1e-4, beta=0.75):
        return _core.local_response_norm_forward(x, size, k, alpha, beta)

    rejects(ValueError, "size is odd, 1 or more; got size=4", lambda: forward(size=4))
    rejects(ValueError, "size is odd, 1 or more; got size=-1", lambda: forward(size=-1))
    rejects(ValueError, "k is above 0; got k=0", lambda: forward(k=0))
    rejects(ValueError, "alpha is 0 or more; got alpha=-1", lambda: forward(alpha=-1))
    rejects(ValueError, "beta is finite; got beta=nan", lambda: forward(beta=float("nan")))
    rejects(ValueError, r"x has an axis of channels; got x=\(\)", lambda: forward(tensor(np.zeros(()))))
    rejects(TypeError, "x is float32 or float64", lambda: forward(x.astype("int32")))
    rejects(
        ValueError,
        "x and dy have one shape",
        lambda: _core.local_response_norm_backward(tensor(np.zeros(3)), x, *PAPER),
    )
