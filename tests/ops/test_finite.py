"""Whether every number is finite, wherever the one that is not hides."""

import numpy as np

from harness import Case, OpTests, normal, results, tensor
from strate import _core


class TestFinite(OpTests):
    exact = ("finite",)
    nan_inputs = ()
    cases = [
        Case(name, {"x": array})
        for name, array in [
            ("finite", normal(3, 41)),
            ("zero-size", normal(0, 3)),
            ("huge", np.full(9, 3e38)),
            ("tiny", np.full(9, 1e-45)),
            ("large", normal(100_003)),
        ]
        + [(f"nan-at-{i}", np.where(np.arange(70) == i, np.nan, 1.0)) for i in (0, 15, 16, 63, 64, 69)]
        + [
            (f"infinity-at-{i}", np.where(np.arange(2000) == i, s * np.inf, 1.0))
            for i, s in ((0, 1), (1999, -1))
        ]
        + [("late", np.where(np.arange(100_003) == 100_002, np.nan, 0.0))]
    ]

    def run(self, case, arrays):
        return results(finite=_core.all_finite(tensor(arrays["x"])))

    def oracle(self, case, arrays):
        return {"finite": np.array(np.isfinite(arrays["x"]).all())}


def test_integers_are_finite():
    assert _core.all_finite(tensor(np.arange(5))) and _core.all_finite(tensor(np.zeros(3, bool)))


def test_flag_is_down_until_a_kernel_raises_it():
    t = tensor(np.full(3, np.nan))
    assert not _core.take_nonfinite(t)  # filling is no loss and no weight gradient


def raise_flag(t):
    """As a training step does, where the loss is not finite."""
    loss, _ = _core.squared_error(tensor(np.array([np.nan])), tensor(np.zeros(1)))
    _core.pass_on_flag(t, loss)
    assert _core.take_nonfinite(loss)  # it stays raised where it comes from


def test_a_flag_is_passed_on():
    t = tensor(np.zeros(3))
    down, _ = _core.squared_error(tensor(np.zeros(1)), tensor(np.zeros(1)))
    _core.pass_on_flag(t, down)
    assert not _core.take_nonfinite(t)
    raise_flag(t)
    _core.pass_on_flag(t, down)  # which takes nothing back
    assert _core.take_nonfinite(t) and not _core.take_nonfinite(t)
    raise_flag(t[1:])  # one flag for all views of a block of memory
    assert _core.take_nonfinite(t)
