"""Stopping tests: each form of the lecture measures what it says, and can be the one that fires."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from strate.descent.limits import LineSearchFailure
from strate.descent.line import Point
from strate.descent.stopping import Iterate

EPS = 1e-6
QUADRATIC = st.functions.Quadratic([1, 10], minimum=[30, -40], seed=4)
START = [60.0, 60.0]


def shifted(theta):
    """The same bowl, far above 0, so that |J| is large at the minimum."""
    value, gradient = QUADRATIC(theta)
    return value + 50, gradient


def norms(a) -> np.ndarray:
    return np.linalg.norm(a, axis=-1)


# Every test, and what it must have seen over a whole run, written out from the values and the path.
FORMS = [
    (st.GradientNorm(EPS), lambda r: norms([shifted(t)[1] for t in r.path])[1:]),
    (st.ObjectiveChange(EPS), lambda r: abs(np.diff(r.values))),
    (st.ObjectiveChange(EPS, relative=True), lambda r: abs(np.diff(r.values)) / abs(r.values[:-1])),
    (
        st.ObjectiveChange(EPS, relative=True, guarded=True),
        lambda r: abs(np.diff(r.values)) / np.maximum(1, abs(r.values[:-1])),
    ),
    (st.IterateChange(EPS), lambda r: norms(np.diff(r.path, axis=0))),
    (st.IterateChange(EPS, relative=True), lambda r: norms(np.diff(r.path, axis=0)) / norms(r.path[:-1])),
    (
        st.IterateChange(EPS, relative=True, guarded=True),
        lambda r: norms(np.diff(r.path, axis=0)) / np.maximum(1, norms(r.path[:-1])),
    ),
]


@pytest.mark.parametrize("test, expected", FORMS, ids=lambda form: repr(form) if hasattr(form, "eps") else "")
def test_each_form_is_the_one_that_fires(test, expected):
    result = st.minimize(shifted, START, step=0.1, stop=test)
    measured = expected(result)
    fired = result.fired
    assert result.converged and fired.test is test and fired.iteration == result.iterations == len(measured)
    assert fired.value == pytest.approx(measured[-1], rel=1e-6)
    assert fired.value <= EPS and (measured[:-1] > EPS).all()  # not before
    assert str(fired).startswith(f"{test!r} at iteration {result.iterations}: {test.formula} = ")


def test_the_seven_forms_stop_at_seven_places():
    """A bowl with |J| and ||theta|| away from 0 and 1: no form is another one by accident."""
    ends = {repr(test): st.minimize(shifted, START, step=0.01, stop=test).iterations for test, _ in FORMS}
    guarded = ("ObjectiveChange", "IterateChange")
    for name in guarded:  # far from 0 the guard changes nothing
        assert (
            ends[f"{name}(eps=1e-06, relative=True, guarded=True)"]
            == ends[f"{name}(eps=1e-06, relative=True, guarded=False)"]
        )
    assert len(set(ends.values())) == 5


def test_a_guard_matters_near_zero():
    """J and theta go to 0 by the same factors, so that relative changes never become small."""
    f = st.functions.Quadratic([1])
    for kind in (st.ObjectiveChange, st.IterateChange):
        plain = st.minimize(f, [1.0], step=0.1, stop=kind(1e-6, relative=True), max_iterations=200)
        assert not plain.converged and plain.iterations == 200
        guarded = st.minimize(f, [1.0], step=0.1, stop=kind(1e-6, True, True), max_iterations=200)
        assert guarded.converged and guarded.fired.value <= 1e-6


@pytest.mark.parametrize("relative", [False, True])
def test_changes_need_two_iterates_and_survive_a_zero(relative):
    zero = Point(np.zeros(2), 0.0, np.zeros(2))
    one = Point(np.array([3.0, 4.0]), 2.0, np.zeros(2))
    for test, change in (
        (st.ObjectiveChange(1e-3, relative), 2.0),
        (st.IterateChange(1e-3, relative), 5.0),
    ):
        assert test.check(Iterate(0, one, None, 2.0)) is None
        assert test.measure(Iterate(1, zero, zero, 0.0)) == 0
        assert test.measure(Iterate(1, one, zero, 0.0)) == (np.inf if relative else change)
        assert test.measure(Iterate(1, zero, one, 0.0)) == (1.0 if relative else change)


def test_the_gradient_is_looked_at_before_the_first_step():
    result = st.minimize(QUADRATIC, QUADRATIC.minimum, step=0.1, stop=st.GradientNorm(0))
    assert result.converged and result.iterations == 0 and result.evaluations == 1
    assert result.fired.iteration == 0 and result.fired.value == 0


def test_the_budget_fires_last():
    result = st.minimize(QUADRATIC, START, step=0.1, stop=st.GradientNorm(1e-6), max_iterations=7)
    assert isinstance(result.fired.test, st.MaxIterations) and not result.converged
    assert (result.fired.iteration, result.fired.value, result.iterations) == (7, 7, 7)
    result = st.minimize(QUADRATIC, START, step=0.1, stop=st.MaxIterations(3) | st.GradientNorm(1e-6))
    assert result.iterations == 3
    assert st.minimize(QUADRATIC, START, step=0.1, max_iterations=0).iterations == 0
    everything = st.GradientNorm(1e300)  # converged and out of budget at once: it converged
    assert st.minimize(QUADRATIC, START, step=0.1, stop=everything, max_iterations=0).converged


def test_joined_tests_fire_in_order():
    tight, loose = st.GradientNorm(1e-9), st.ObjectiveChange(1e-2)
    both = tight | loose
    assert both.tests == (tight, loose)
    assert st.minimize(QUADRATIC, START, step=0.1, stop=both).fired.test is loose
    first, second = st.GradientNorm(1e300), st.GradientNorm(1e299)
    assert st.minimize(QUADRATIC, START, step=0.1, stop=first | second).fired.test is first
    assert st.minimize(QUADRATIC, START, step=0.1, stop=second | first).fired.test is second
    three = both | st.MaxIterations(5)
    assert len(three.tests) == 3
    assert repr(both) == "GradientNorm(eps=1e-09) | ObjectiveChange(eps=0.01, relative=False, guarded=False)"
    with pytest.raises(TypeError):
        tight | 3


def test_growth_is_called_divergence():
    result = st.minimize(QUADRATIC, START, step=1.0, stop=st.GradientNorm(1e-6))
    assert isinstance(result.fired.test, st.Divergence) and not result.converged
    assert result.fired.value == result.value > 1e12 * result.values[0]
    assert result.values[-2] <= 1e12 * result.values[0]


def test_another_limit_of_divergence():
    result = st.minimize(QUADRATIC, START, step=1.0, stop=st.GradientNorm(1e-6) | st.Divergence(10))
    assert result.fired.test.limit == 10 and result.value > 10 * result.values[0] >= result.values[-2]
    endless = st.minimize(QUADRATIC, START, step=1.0, stop=st.Divergence(np.inf))
    assert isinstance(endless.fired.test, st.Divergence) and not np.isfinite(endless.fired.value)
    assert np.isfinite(endless.theta).all() and np.isfinite(endless.gradient).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_leave_the_theta_before(bad):
    def f(t):
        return (bad if t[0] < 0.5 else (t**2).sum()), 2 * t

    result = st.minimize(f, [1.0], step=0.2, stop=st.GradientNorm(1e-6))
    assert isinstance(result.fired.test, st.Divergence) and result.fired.iteration == 2
    np.testing.assert_equal(result.fired.value, bad)
    assert result.theta[0] == pytest.approx(0.6) and result.iterations == 1 and result.evaluations == 3


def test_a_gradient_that_is_not_finite_stops_too():
    def f(t):
        return (t**2).sum(), np.where(t < 0.5, np.nan, 2 * t)

    result = st.minimize(f, [1.0, 3.0], step=0.2, stop=st.GradientNorm(1e-6))
    assert isinstance(result.fired.test, st.Divergence) and result.theta[0] == pytest.approx(0.6)
    assert np.isfinite(result.gradient).all()


def test_a_start_that_is_not_finite_never_counts_as_converged():
    def f(t):
        return float("nan"), np.zeros_like(t)

    result = st.minimize(f, [1.0], step=0.2, stop=st.GradientNorm(1))
    assert isinstance(result.fired.test, st.Divergence) and result.fired.iteration == 0


def test_a_failed_line_search_has_its_own_reason():
    """Far above 0, rounding hides the last decreases from the rule."""
    rule = st.StrongWolfe()
    result = st.minimize(
        lambda t: (QUADRATIC(t)[0] + 1e6, QUADRATIC(t)[1]), START, step=rule, stop=st.GradientNorm(1e-13)
    )
    assert isinstance(result.fired.test, LineSearchFailure) and result.fired.test.step is rule
    assert not result.converged and result.fired.iteration == result.iterations > 3
    assert result.fired.value > 0 and "LineSearchFailure" in str(result.fired)
    assert np.linalg.norm(result.theta - QUADRATIC.minimum) < 1e-3


def test_a_test_of_ones_own():
    class Below(st.StoppingTest):
        formula = "J"

        def __init__(self, level):
            self.level = level

        def measure(self, iterate):
            return iterate.point.value

        def fires(self, measured, iterate):
            return measured <= self.level

    result = st.minimize(QUADRATIC, START, step=0.1, stop=Below(5) | st.GradientNorm(1e-9))
    assert result.value <= 5 < result.values[-2] and result.converged
    assert repr(result.fired.test) == "Below(level=5)"


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: st.GradientNorm(-1e-9), r"\[GradientNorm\] eps is 0 or more"),
        (lambda: st.GradientNorm(float("nan")), "got eps=nan"),
        (lambda: st.ObjectiveChange(1e-3, guarded=True), r"\[ObjectiveChange\] guarded .*relative=False"),
        (lambda: st.IterateChange(1e-3, guarded=True), r"\[IterateChange\] guarded"),
        (lambda: st.MaxIterations(-1), "n is a whole number, 0 or more; got n=-1"),
        (lambda: st.MaxIterations(1.5), "n is a whole number"),
        (lambda: st.Divergence(0), r"\[Divergence\] limit is above 0"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()
