"""Adam, AdamW, RMSProp and Adagrad against their formulas over several steps, over segments."""

import numpy as np
import pytest

from harness import Case, OpTests, cpu_only, cuda_only, normal, rejects, results, tensor
from strate import _core, ops

STEPS = 3
KINDS = {  # kind and whether there is a moment: learning rate, b1, wd, scale, limit, b2, eps, steps before
    "adam": ("adam", True, (0.1, 0.9, 0.0, 1.0, np.inf, 0.99, 1e-3, 0)),
    "adam-later": ("adam", True, (0.1, 0.5, 0.1, 0.5, 0.25, 0.9, 0.5, 7)),
    "adamw": ("adamw", True, (0.1, 0.9, 0.25, 1.0, np.inf, 0.99, 1e-3, 0)),
    "rmsprop": ("rmsprop", False, (0.1, 0.0, 0.125, 1.0, 0.5, 0.9, 1e-3, 0)),
    "rmsprop-momentum": ("rmsprop", True, (0.1, 0.75, 0.125, 2.0, np.inf, 0.9, 1e-3, 0)),
    "adagrad": ("adagrad", False, (0.1, 0.0, 0.125, 1.0, 0.75, 0.0, 1e-3, 0)),
}
LAYOUTS = {
    "whole": (37, [(0, 37, 1)]),
    "segments": (100, [(0, 33, 1), (48, 49, 0), (64, 97, 0)]),
    "none": (10, []),
    "empty-segment": (8, [(4, 4, 1), (8, 8, 0)]),
    "large": (100_003, [(1, 40_001, 1), (40_001, 99_000, 0), (99_500, 100_000, 1)]),
}


def build():
    cases = []
    for name, (n, segments) in LAYOUTS.items():
        for label, (kind, moving, hyper) in KINDS.items():
            arrays = {
                "theta": normal(n),
                "gradient": normal(n, seed=2),
                "square": normal(n, seed=3) ** 2,
                "segments": np.array(segments, np.int64).reshape(-1, 3),
            }
            if moving:
                arrays["moment"] = normal(n, seed=4)
            cases.append(Case(f"{name}-{label}", arrays, (kind, hyper)))
    return cases


def step(kind, theta, g, moment, square, hyper, t, decays):
    """One step in numpy, in place."""
    rate, b1, decay, scale, limit, b2, epsilon, _ = hyper
    g = np.clip(scale * g, -limit, limit)
    coupled = 0 if kind == "adamw" else decay * decays
    g = g + coupled * theta
    if kind == "adamw":
        theta *= 1 - rate * decay * decays
    square[:] = square + g**2 if kind == "adagrad" else b2 * square + (1 - b2) * g**2
    if kind in ("adam", "adamw"):
        moment[:] = b1 * moment + (1 - b1) * g
        theta -= rate * (moment / (1 - b1**t)) / (np.sqrt(square / (1 - b2**t)) + epsilon)
    elif moment is not None:
        moment[:] = b1 * moment + g / (np.sqrt(square) + epsilon)
        theta -= rate * moment
    else:
        theta -= rate * g / (np.sqrt(square) + epsilon)


class TestAdaptive(OpTests):
    nan_inputs = ("gradient", "theta")
    written = ("theta", "moment", "square")
    strided_inputs = ()  # buffers are contiguous by contract: test_errors
    float32_bound = 2e-6
    cases = build()

    def run(self, case, arrays):
        kind, hyper = case.settings
        theta, square = tensor(arrays["theta"]), tensor(arrays["square"])
        moment = tensor(arrays["moment"]) if "moment" in arrays else None
        gradient, rows = tensor(arrays["gradient"]), tensor(arrays["segments"])
        numbers = tensor(np.array(hyper))
        for _ in range(STEPS):
            _core.adaptive(theta, gradient, moment, square, numbers, rows, kind)
        return results(theta=theta, moment=moment, square=square, hyper=numbers)

    def oracle(self, case, arrays):
        kind, hyper = case.settings
        theta, square, moment = arrays["theta"].copy(), arrays["square"].copy(), arrays.get("moment")
        moment = None if moment is None else moment.copy()
        for t in range(STEPS):
            for begin, end, decays in arrays["segments"]:
                part = slice(begin, end)
                of = None if moment is None else moment[part]
                g = arrays["gradient"][part]
                step(kind, theta[part], g, of, square[part], hyper, hyper[7] + t + 1, decays)
        found = {"theta": theta, "square": square, "hyper": np.array([*hyper[:7], hyper[7] + STEPS])}
        return found if moment is None else found | {"moment": moment}


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_the_first_step_of_adam_is_the_learning_rate(kind):
    theta, g = tensor(np.zeros(40)), normal(40)
    numbers = tensor(np.array([0.25, 0.9, 0.0, 1.0, np.inf, 0.999, 1e-12, 0.0]))
    _core.adaptive(
        theta,
        tensor(g),
        tensor(np.zeros(40)),
        tensor(np.zeros(40)),
        numbers,
        tensor(np.array([[0, 40, 0]])),
        kind,
    )
    assert np.allclose(theta.numpy(), -0.25 * np.sign(g), rtol=1e-9)


@pytest.mark.parametrize("kind", ["adam", "rmsprop", "adagrad"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gradient_of_zero_from_the_start_changes_nothing(kind, dtype):
    theta, square, moment = (tensor(np.full(5, value, dtype)) for value in (1, 0, 0))
    numbers = tensor(np.array([0.25, 0.0, 0.0, 1.0, np.inf, 0.9, 1e-8, 0.0]))
    rows, g = tensor(np.array([[0, 5, 1]])), tensor(np.zeros(5, dtype))
    _core.adaptive(theta, g, moment if kind == "adam" else None, square, numbers, rows, kind)
    assert theta.tolist() == [1.0] * 5 and float(numbers[7]) == 1


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_averages_too_small_to_be_normal_are_zero(dtype):
    smallest = np.finfo(dtype).tiny
    theta, square, moment = (tensor(np.full(20, value, dtype)) for value in (1, smallest, smallest))
    numbers = tensor(np.array([0.25, 0.9, 0.0, 1.0, np.inf, 0.9, 1e-8, 0.0]))
    rows, g = tensor(np.array([[0, 20, 0]])), tensor(np.zeros(20, dtype))
    _core.adaptive(theta, g, moment, square, numbers, rows, "adam")
    assert moment.tolist() == square.tolist() == [0.0] * 20


def test_nothing_outside_the_segments_is_touched():
    theta, moment, square = (tensor(np.zeros(40)) for _ in range(3))
    numbers = np.array([1.0, 0.9, 0.5, 1.0, np.inf, 0.9, 1e-8, 0.0])
    rows = np.array([[3, 5, 0], [20, 37, 1]])
    _core.adaptive(theta, tensor(np.ones(40)), moment, square, tensor(numbers), tensor(rows), "adam")
    written = np.r_[3:5, 20:37]
    for array in (theta.numpy(), moment.numpy(), square.numpy()):
        assert array[written].all() and not np.delete(array, written).any()


@cuda_only
def test_a_raised_flag_stops_the_step():
    before = [np.full(50, value) for value in (1.0, 3.0, 2.0, 4.0)]
    numbers = np.array([0.5, 0.9, 0.5, 1.0, np.inf, 0.9, 1e-8, 5.0])
    theta, g, moment, square = buffers = [tensor(array) for array in before]
    hyper, rows = tensor(numbers), tensor(np.array([[0, 50, 1]]))
    loss, _ = _core.squared_error(tensor(np.array([np.inf])), tensor(np.zeros(1)))
    _core.pass_on_flag(g, loss)
    _core.adaptive(*buffers, hyper, rows, "adam")
    for tensor_, array in zip((*buffers, hyper), (*before, numbers), strict=True):
        assert np.array_equal(tensor_.numpy(), array)
    assert _core.take_nonfinite(g)
    _core.adaptive(*buffers, hyper, rows, "adam")
    assert all((t.numpy() != a).all() for t, a in [(theta, 1), (moment, 2), (square, 4)])
    assert float(hyper[7]) == 6


def test_errors():
    def call(**changed):
        a = {
            "theta": np.zeros(8),
            "gradient": np.zeros(8),
            "moment": np.zeros(8),
            "square": np.zeros(8),
            "hyper": np.zeros(8),
            "segments": np.array([[0, 8, 1]]),
        } | changed
        kind = a.pop("kind", "adam")
        tensors = [tensor(v) if isinstance(v, np.ndarray) else v for v in a.values()]
        return lambda: _core.adaptive(*tensors, kind)

    frozen = tensor(np.zeros(8)).as_read_only()
    rejects(ValueError, r"theta is one contiguous buffer", call(theta=np.zeros(16)[::2]))
    rejects(ValueError, r"moment is read-only", call(moment=frozen))
    rejects(ValueError, r"square is read-only", call(square=frozen))
    rejects(ValueError, r"theta and gradient have one shape", call(gradient=np.zeros(7)))
    rejects(TypeError, r"theta and square have one element type", call(square=np.zeros(8, np.float32)))
    rejects(TypeError, r"hyper is float64 \(8\), to be written", call(hyper=np.zeros(7)))
    rejects(TypeError, r"hyper is float64 \(8\), to be written", call(hyper=frozen))
    rejects(TypeError, r"segments are int64 \(S, 3\)", call(segments=np.zeros((2, 2), np.int64)))
    rejects(ValueError, r"got \(4, 9, 1\) in segment 0", call(segments=np.array([[4, 9, 1]])))
    rejects(ValueError, r"adam and adamw need moment", call(moment=None))
    rejects(ValueError, r"adagrad has no moment", call(kind="adagrad"))
    rejects(ValueError, r"kind is adam, adamw, rmsprop or adagrad; got kind=adamax", call(kind="adamax"))


def test_arrays_are_refused_where_a_copy_would_be_changed():
    theta, g = np.zeros(2), tensor(np.ones(2))
    rejects(
        TypeError,
        r"theta is a Tensor, from_numpy\(array\) shares memory; got ndarray",
        lambda: ops.adaptive(theta, g, g, kind="adagrad", learning_rate=0.1),
    )
    rejects(
        TypeError,
        r"square is a Tensor, .* got NoneType",
        lambda: ops.adaptive(g, g, None, kind="adagrad", learning_rate=0.1),
    )
