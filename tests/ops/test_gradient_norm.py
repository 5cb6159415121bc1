"""The length of the gradient over segments, and the factor that clips it."""

import numpy as np
import pytest

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core


def build():
    layouts = {
        "whole": (37, [(0, 37, 1)]),
        "segments": (100, [(0, 33, 1), (48, 49, 0), (64, 97, 0)]),
        "none": (10, []),
        "empty": (0, []),
        "one": (1, [(0, 1, 1)]),
        "out-of-order": (64, [(32, 64, 1), (0, 16, 0)]),
        "large": (200_003, [(1, 40_001, 1), (40_003, 200_000, 0)]),
    }
    cases = []
    for name, (n, segments) in layouts.items():
        arrays = {"gradient": normal(n), "segments": np.array(segments, np.int64).reshape(-1, 3)}
        cases += [Case(f"{name}-{most:g}", arrays, most) for most in (0.5, 1e6)]
    return cases


class TestGradientNorm(OpTests):
    nan_inputs = ("gradient",)
    strided_inputs = ()  # buffers are contiguous by contract: test_errors
    float32_bound = 1e-12  # summed in double precision, and the numbers are exact in both
    cases = build()

    def run(self, case, arrays):
        scale = tensor(np.full(1, 7.0))
        norm = _core.gradient_norm(
            tensor(arrays["gradient"]), tensor(arrays["segments"]), case.settings, scale
        )
        assert norm.dtype == "float64" and norm.shape == ()
        return results(norm=norm, scale=scale)

    def oracle(self, case, arrays):
        parts = [arrays["gradient"][begin:end] for begin, end, _ in arrays["segments"]]
        norm = np.sqrt(sum((part**2).sum() for part in parts))
        return {"norm": np.array(norm), "scale": np.array([case.settings / max(norm, case.settings)])}

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_nan(self, case, dtype):
        """The norm is NaN where a NaN lies inside; the factor is 1, as training stops before it is used."""
        g = case.arrays["gradient"].astype(dtype)
        for begin, end, _ in case.arrays["segments"]:
            g[(begin + end) // 2] = np.nan
            found = self.run(case, {**case.arrays, "gradient": g})
            assert np.isnan(found["norm"]) and found["scale"] == 1


def test_squares_of_float32_do_not_overflow():
    norm = _core.gradient_norm(tensor(np.full(4, 3e38, np.float32)), tensor(np.array([[0, 4, 0]])))
    assert abs(float(norm) / 6e38 - 1) < 1e-6


def test_a_scaled_gradient_has_that_length():
    g, scale = normal(1000), tensor(np.zeros(1))
    rows = tensor(np.array([[0, 1000, 1]]))
    _core.gradient_norm(tensor(g), rows, 0.125, scale)
    assert abs(float(_core.gradient_norm(tensor(float(scale) * g), rows)) - 0.125) < 1e-14


def test_errors():
    g, rows, scale = tensor(np.zeros(8)), tensor(np.array([[0, 8, 1]])), tensor(np.zeros(1))
    call = _core.gradient_norm
    rejects(TypeError, r"gradient is float32 or float64", lambda: call(rows, rows))
    rejects(
        ValueError,
        r"gradient is one contiguous buffer; got gradient=\(2, 4\)",
        lambda: call(tensor(np.zeros((2, 4))), rows),
    )
    rejects(ValueError, r"one contiguous buffer", lambda: call(tensor(np.zeros(16)[::2]), rows))
    rejects(TypeError, r"segments are int64 \(S, 3\)", lambda: call(g, tensor(np.zeros((1, 3)))))
    rejects(ValueError, r"most is above 0; got most=0", lambda: call(g, rows, 0.0, scale))
    rejects(ValueError, r"most is above 0; got most=nan", lambda: call(g, rows, float("nan"), scale))
    rejects(TypeError, r"scale is float64 \(1\)", lambda: call(g, rows, 1.0, tensor(np.zeros(2))))
