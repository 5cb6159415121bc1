"""Squared error against numpy, its factor and its reduction."""

import numpy as np
import pytest

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core


def build():
    cases = []
    for name, shape in [
        ("one", (1,)),
        ("row", (5,)),
        ("odd", (7, 3)),
        ("images", (2, 3, 4, 5)),
        ("scalar", ()),
        ("empty", (0, 3)),
        ("no-components", (3, 0)),
        ("large", (130, 701)),
        ("tail", (1, 33)),
    ]:
        arrays = {"y": normal(*shape), "target": normal(*shape, seed=2)}
        cases.append(Case(name, arrays, {}))
        cases.append(Case(name + "-sum", arrays, {"factor": 1.5, "reduction": "sum"}))
    return cases


class TestSquaredError(OpTests):
    gradients = {"y": "dy"}
    nan_inputs = ("y", "target")
    float32_bound = 1e-6
    cases = build()

    def run(self, case, arrays):
        loss, dy = _core.squared_error(tensor(arrays["y"]), tensor(arrays["target"]), **case.settings)
        assert loss.dtype == "float64" and loss.shape == ()
        return results(loss=loss, dy=dy)

    def objective(self, found, arrays):
        return float(found["loss"])

    def oracle(self, case, arrays):
        difference = arrays["y"] - arrays["target"]
        samples = max(1, len(difference)) if difference.ndim else 1
        share = case.settings.get("factor", 0.5) / (1 if case.settings.get("reduction") == "sum" else samples)
        return {"loss": np.array(share * (difference**2).sum()), "dy": 2 * share * difference}


def test_default_is_half_the_sum_over_components_averaged_over_samples():
    loss, dy = _core.squared_error(tensor(np.array([[1.0, 2], [3, 4]])), tensor(np.zeros((2, 2))))
    assert float(loss) == (1 + 4 + 9 + 16) / 4
    assert dy.tolist() == [[0.5, 1], [1.5, 2]]


def test_large_float32_numbers_do_not_overflow():
    y = np.full((1, 3), 3e30, np.float32)
    loss, _ = _core.squared_error(tensor(y), tensor(np.zeros_like(y)))
    assert float(loss) == pytest.approx(0.5 * 3 * 9e60, rel=1e-6)
    assert not _core.take_nonfinite(loss)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_flag(bad):
    y = np.zeros((2, 3))
    y[1, 1] = bad
    loss, _ = _core.squared_error(tensor(y), tensor(np.zeros((2, 3))))
    assert _core.take_nonfinite(loss) and not _core.take_nonfinite(loss)


def test_samples_may_start_anywhere():
    """A GPU moves 16 bytes at a time where addresses allow it."""
    y, target = normal(6, 5).astype(np.float32), normal(6, 5, seed=2).astype(np.float32)
    loss, dy = _core.squared_error(tensor(y)[1:], tensor(target)[1:])
    wanted, slopes = _core.squared_error(tensor(y[1:].copy()), tensor(target[1:].copy()))
    assert float(loss) == pytest.approx(float(wanted), rel=1e-14)
    assert dy.numpy().tobytes() == slopes.numpy().tobytes()


def test_errors():
    y = tensor(np.zeros((4, 3)))
    rejects(
        ValueError,
        r"y and target have one shape; got y=\(4, 3\), target=\(4, 1\)",
        lambda: _core.squared_error(y, tensor(np.zeros((4, 1)))),
    )
    rejects(
        TypeError, r"y and target have one element type", lambda: _core.squared_error(y, y.astype("float32"))
    )
    rejects(
        TypeError,
        r"y is float32 or float64; got y=int64",
        lambda: _core.squared_error(y.astype("int64"), y.astype("int64")),
    )
    rejects(
        ValueError, r"the factor is finite; got factor=nan", lambda: _core.squared_error(y, y, float("nan"))
    )
    rejects(
        ValueError,
        r"reduction is mean or sum; got reduction=none",
        lambda: _core.squared_error(y, y, 0.5, "none"),
    )
