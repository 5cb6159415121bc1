"""SGD against its formula, over segments, and against its limits."""

import numpy as np
import pytest

from harness import Case, OpTests, captured, cpu_only, cuda_only, normal, rejects, results, tensor
from strate import _core


def build():
    cases = []
    layouts = {
        "whole": (37, [(0, 37, 1)]),
        "segments": (100, [(0, 33, 1), (48, 49, 0), (64, 97, 0)]),
        "out-of-order": (64, [(32, 64, 1), (0, 16, 0)]),
        "none": (10, []),
        "empty-segment": (8, [(4, 4, 1), (8, 8, 0)]),
        "large": (100_003, [(1, 40_001, 1), (40_001, 99_000, 0), (99_500, 100_000, 1)]),
    }
    for name, (n, segments) in layouts.items():
        arrays = {
            "theta": normal(n),
            "gradient": normal(n, seed=2),
            "velocity": normal(n, seed=3),
            "segments": np.array(segments, np.int64).reshape(-1, 3),
        }
        for kind, hyper, nesterov in [
            ("momentum", (0.1, 0.9, 0.0, 1.0, np.inf), False),
            ("nesterov", (0.1, 0.9, 0.01, 0.5, np.inf), True),
            ("plain", (0.25, 0.5, 0.125, 2.0, 0.75), False),
        ]:
            used = {k: v for k, v in arrays.items() if kind != "plain" or k != "velocity"}
            cases.append(Case(f"{name}-{kind}", used, (hyper, nesterov)))
    return cases


class TestSgd(OpTests):
    nan_inputs = ("gradient", "theta")
    written = ("theta", "velocity")
    strided_inputs = ()  # buffers are contiguous by contract: test_errors
    float32_bound = 5e-7
    cases = build()

    def run(self, case, arrays):
        hyper, nesterov = case.settings
        theta, gradient = tensor(arrays["theta"]), tensor(arrays["gradient"])
        velocity = tensor(arrays["velocity"]) if "velocity" in arrays else None
        _core.sgd(theta, gradient, velocity, tensor(np.array(hyper)), tensor(arrays["segments"]), nesterov)
        return results(theta=theta, velocity=velocity, gradient=gradient)

    def oracle(self, case, arrays):
        (rate, momentum, decay, scale, limit), nesterov = case.settings
        theta, velocity = arrays["theta"].copy(), arrays.get("velocity")
        for begin, end, decays in arrays["segments"]:
            part = slice(begin, end)
            g = np.clip(scale * arrays["gradient"][part], -limit, limit) + decay * decays * theta[part]
            if velocity is None:
                theta[part] -= rate * g
                continue
            velocity[part] = momentum * velocity[part] + g
            theta[part] -= rate * (g + momentum * velocity[part] if nesterov else velocity[part])
        return {k: v for k, v in {"theta": theta, "velocity": velocity}.items() if v is not None}


def test_nothing_outside_the_segments_is_touched():
    buffers = tensor(np.zeros(40, np.float32)), tensor(np.zeros(40, np.float32))
    _core.sgd(
        buffers[0],
        tensor(np.ones(40, np.float32)),
        buffers[1],
        tensor(np.array([1.0, 0.9, 0.0, 1.0, np.inf])),
        tensor(np.array([[3, 5, 0], [20, 37, 1]])),
        False,
    )
    theta, velocity = (buffer.numpy() for buffer in buffers)
    written = np.r_[3:5, 20:37]
    assert (theta[written] == -1).all() and (velocity[written] == 1).all()
    assert not np.delete(theta, written).any() and not np.delete(velocity, written).any()


def test_hyper_is_read_when_the_step_is_taken():
    theta, hyper = tensor(np.zeros(5)), tensor(np.array([1.0, 0.0, 0.0, 1.0, np.inf]))
    arguments = (theta, tensor(np.ones(5)), None, hyper, tensor(np.array([[0, 5, 0]])))
    _core.sgd(*arguments)
    hyper[0] = 10.0
    _core.sgd(*arguments)
    assert theta.tolist() == [-11.0] * 5


def test_errors():
    def call(**changed):
        a = {
            "theta": np.zeros(8),
            "gradient": np.zeros(8),
            "velocity": np.zeros(8),
            "hyper": np.zeros(5),
            "segments": np.array([[0, 8, 1]]),
        } | changed
        nesterov = a.pop("nesterov", False)
        tensors = [tensor(v) if isinstance(v, np.ndarray) else v for v in a.values()]
        return lambda: _core.sgd(*tensors, nesterov)

    frozen = tensor(np.zeros(8)).as_read_only()
    rejects(
        ValueError,
        r"theta is one contiguous buffer that may be written; got theta=\(2, 4\)",
        call(theta=np.zeros((2, 4))),
    )
    rejects(ValueError, r"theta is one contiguous buffer that may be written", call(theta=frozen))
    rejects(ValueError, r"theta is one contiguous buffer", call(theta=np.zeros(16)[::2]))
    rejects(ValueError, r"velocity is read-only", call(velocity=frozen))
    rejects(
        ValueError,
        r"theta and gradient have one shape; got theta=\(8,?\), gradient=\(7,?\)",
        call(gradient=np.zeros(7)),
    )
    rejects(TypeError, r"theta and velocity have one element type", call(velocity=np.zeros(8, np.float32)))
    rejects(TypeError, r"hyper is float64 \(5\)", call(hyper=np.zeros(2)))
    rejects(TypeError, r"hyper is float64 \(5\)", call(hyper=np.zeros(5, np.float32)))
    rejects(TypeError, r"segments are int64 \(S, 3\)", call(segments=np.zeros((2, 2), np.int64)))
    rejects(
        ValueError,
        r"0 <= begin <= end <= 8 .* got \(4, 9, 1\) in segment 1",
        call(segments=np.array([[0, 4, 1], [4, 9, 1]])),
    )
    rejects(ValueError, r"got \(4, 3, 1\) in segment 0", call(segments=np.array([[4, 3, 1]])))
    rejects(ValueError, r"nesterov needs velocity", call(velocity=None, nesterov=True))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_first_step_with_momentum_is_the_plain_step(dtype):
    theta, other = tensor(normal(33).astype(dtype)), tensor(normal(33).astype(dtype))
    g = tensor(normal(33, seed=2).astype(dtype))
    segments, hyper = tensor(np.array([[0, 33, 1]])), tensor(np.array([0.1, 0.9, 0.01, 1.0, np.inf]))
    _core.sgd(theta, g, tensor(np.zeros(33, dtype)), hyper, segments, False)
    _core.sgd(other, g, None, hyper, segments, False)
    assert theta.numpy().tobytes() == other.numpy().tobytes()


def test_buffers_may_start_anywhere():
    """A GPU moves 16 bytes at a time where addresses allow it."""
    theta, g = normal(300).astype(np.float32), normal(300, seed=2).astype(np.float32)
    hyper = tensor(np.array([0.1, 0.9, 0.01, 1.0, np.inf]))
    found = []
    for first in (0, 1):
        moved = tensor(np.r_[np.zeros(first, np.float32), theta])[first:]
        gradient = tensor(np.r_[np.zeros(first, np.float32), g])[first:]
        _core.sgd(moved, gradient, None, hyper, tensor(np.array([[0, 7, 1], [9, 290, 0]])))
        found.append(moved.numpy().tobytes())
    assert found[0] == found[1] != theta.tobytes()


def test_more_segments_than_a_warp_has_lanes():
    segments = np.array([[60 * i, 60 * i + 1 + i % 59, i % 2] for i in range(75)])
    theta = tensor(np.ones(75 * 60))
    hyper = tensor(np.array([0.5, 0.0, 1.0, 1.0, np.inf]))
    _core.sgd(theta, tensor(np.ones(75 * 60)), None, hyper, tensor(segments))
    want = np.ones(75 * 60)
    for begin, end, decays in segments:
        want[begin:end] = 0.5 - 0.5 * decays
    assert np.array_equal(theta.numpy(), want)


@cuda_only
def test_a_raised_flag_stops_the_step():
    theta, velocity, g = (tensor(np.full(50, value)) for value in (1.0, 2.0, 3.0))
    hyper, rows = tensor(np.array([1.0, 0.9, 0.0, 1.0, np.inf])), tensor(np.array([[0, 50, 1]]))
    loss, _ = _core.squared_error(tensor(np.array([np.inf])), tensor(np.zeros(1)))
    _core.pass_on_flag(g, loss)
    _core.sgd(theta, g, velocity, hyper, rows)
    assert (theta.numpy() == 1).all() and (velocity.numpy() == 2).all()
    assert _core.take_nonfinite(g)
    _core.sgd(theta, g, velocity, hyper, rows)
    assert (theta.numpy() != 1).all() and (velocity.numpy() != 2).all()


@cuda_only
def test_segments_of_a_captured_step_stay_within_the_buffer():
    whole = tensor(np.zeros(64))
    theta, g, hyper = whole[16:48], tensor(np.ones(32)), tensor(np.array([1.0, 0.0, 0.0, 1.0, np.inf]))
    rows = tensor(np.array([[-9, 3, 0], [30, 99, 0]]))
    with captured():
        _core.sgd(theta, g, None, hyper, rows)
    assert np.flatnonzero(whole.numpy()).tolist() == [16, 17, 18, 46, 47]


@cuda_only
def test_everything_lies_on_one_device():
    theta, hyper, rows = np.zeros(8), np.zeros(5), np.array([[0, 8, 1]])
    for at, name in [(1, "gradient"), (2, "velocity"), (3, "hyper"), (4, "segments")]:
        arrays = [theta, theta, theta, hyper, rows]
        tensors = [_core.from_numpy(a) if i == at else tensor(a) for i, a in enumerate(arrays)]
        text = f"theta and {name} lie on one device; got theta on cuda, {name} on cpu"
        rejects(ValueError, text, lambda tensors=tensors: _core.sgd(*tensors))


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_velocity_too_small_to_be_normal_is_zero(dtype):
    smallest = np.finfo(dtype).tiny
    theta, velocity = tensor(np.ones(20, dtype)), tensor(np.full(20, smallest, dtype))
    gradient, segments = tensor(np.zeros(20, dtype)), tensor(np.array([[0, 20, 0]]))
    _core.sgd(theta, gradient, velocity, tensor(np.array([0.1, 0.9, 0.0, 1.0, np.inf])), segments, False)
    assert velocity.tolist() == [0.0] * 20 and theta.tolist() == [1.0] * 20
    assert np.array([smallest]) / 2 > 0  # elsewhere on this thread such numbers count
