"""Steps: that they fulfil their conditions, wherever they are accepted, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import strate as st
from strate.descent import Line, NoStep, Taken
from strate.descent.line import Counted
from strate.descent.strong_wolfe import cubic_minimum, inside

STEEP = [
    ("rosenbrock", st.functions.rosenbrock, [-1.2, 1.0]),
    ("camel", st.functions.six_hump_camel, [1.9, 0.9]),
    ("ill-conditioned", st.functions.Quadratic([1, 1e4], seed=1), [3.0, -2.0]),
]


def line_through(f, theta) -> Line:
    counted = Counted(f)
    point = counted(np.array(theta, np.float64))
    return Line(counted, point, -point.gradient)


def armijo_holds(line, trial, rule) -> bool:
    slope = -(line.start.point.gradient @ line.start.point.gradient)
    return trial.value <= line.start.value + rule.decrease * trial.mu * slope


def wolfe_holds(line, trial, rule) -> bool:
    """Written out anew, from theta alone."""
    gradient = line.start.point.gradient
    value, after = line.f.f(line.start.point.theta - trial.mu * gradient)
    enough = value <= line.start.value - rule.decrease * trial.mu * (gradient @ gradient)
    flat = abs(after @ gradient) <= rule.curvature * (gradient @ gradient)
    return enough and flat


numbers = some.floats(-10, 10).map(lambda x: round(x, 3))


@some.composite
def functions(draw):
    """1/2 t'At + b't + sum of c t^4, bounded below, with its starting point."""
    size = draw(some.integers(1, 5))
    eigenvalues = draw(some.lists(some.floats(0.01, 1e3), min_size=size, max_size=size))
    quadratic = st.functions.Quadratic(eigenvalues, seed=draw(some.integers(0, 50)))
    b = np.array(draw(some.lists(numbers, min_size=size, max_size=size)))
    c = np.array(draw(some.lists(some.floats(0, 5), min_size=size, max_size=size)))

    def f(t):
        value, gradient = quadratic(t)
        return value + b @ t + (c * t**4).sum(), gradient + b + 4 * c * t**3

    return f, np.array(draw(some.lists(numbers, min_size=size, max_size=size)))


@settings(max_examples=300)
@given(
    case=functions(),
    initial=some.sampled_from([1e-6, 1e-3, 1.0, 1e3]),
    curvature=some.sampled_from([0.01, 0.1, 0.9]),
)
def test_accepted_steps_fulfil_the_strong_wolfe_conditions(case, initial, curvature):
    f, theta = case
    line = line_through(f, theta)
    if line.start.point.gradient_norm < 1e-6:
        return
    rule = st.StrongWolfe(initial=initial, curvature=curvature)
    trial = rule.search(line, None)
    assert wolfe_holds(line, trial, rule)
    assert line.f.evaluations <= 1 + rule.max_trials


@settings(max_examples=100)
@given(case=functions(), shrink=some.floats(0.1, 0.9), decrease=some.sampled_from([1e-4, 0.1, 0.5]))
def test_accepted_steps_fulfil_armijos_condition_and_the_one_before_does_not(case, shrink, decrease):
    f, theta = case
    line = line_through(f, theta)
    if line.start.point.gradient_norm < 1e-6:
        return
    rule = st.Armijo(initial=10.0, shrink=shrink, decrease=decrease, max_trials=400)
    trial = rule.search(line, None)
    assert armijo_holds(line, trial, rule)
    assert trial.mu == 10.0 or not armijo_holds(line, line.at(trial.mu / shrink), rule)


@pytest.mark.parametrize("name, f, theta0", STEEP)
@pytest.mark.parametrize("curvature", [0.01, 0.1, 0.5, 0.9])
def test_every_step_of_a_descent_fulfils_the_strong_wolfe_conditions(name, f, theta0, curvature):
    rule = st.StrongWolfe(curvature=curvature)
    result = st.minimize(f, theta0, step=rule, stop=st.GradientNorm(1e-4), max_iterations=400)
    assert result.iterations > 3
    for theta, mu in zip(result.path, result.steps, strict=False):
        line = line_through(f, theta)
        assert wolfe_holds(line, line.at(mu), rule)


def test_a_quartic_far_from_its_minimum():
    """Steps of every size: J = t^4 from 1e3 to 1e-3 needs mu from 1e-7 to 1e5."""
    for start in (1e3, 1.0, 1e-3):
        line = line_through(lambda t: ((t**4).sum(), 4 * t**3), [start])
        rule = st.StrongWolfe()
        trial = rule.search(line, None)
        assert wolfe_holds(line, trial, rule)
        assert line.f.evaluations <= 25


def test_trials_outside_the_domain_count_as_too_long():
    """J = theta - log theta is NaN below 0 and infinite at 0."""

    def f(t):
        with np.errstate(all="ignore"):
            return (t - np.log(t)).sum(), 1 - 1 / t

    for rule in (st.Armijo(initial=1e3), st.StrongWolfe(initial=1e3)):
        result = st.minimize(f, [20.0], step=rule, stop=st.GradientNorm(1e-8))
        assert result.converged and result.theta[0] == pytest.approx(1, abs=1e-7)


def test_a_place_without_a_finite_gradient_is_not_accepted():
    def f(t):
        return (t**2).sum(), np.where(np.abs(t) < 0.5, np.nan, 2 * t)

    for rule in (st.Armijo(initial=0.4), st.StrongWolfe(initial=0.4, curvature=0.9)):
        result = st.minimize(f, [1.0], step=rule, max_iterations=1)
        assert result.iterations == 1 and 0.5 <= result.theta[0] < 1


def test_armijo_grows_its_steps_again():
    rule = st.Armijo(initial=1e-3)
    result = st.minimize(st.functions.Quadratic([1]), [1.0], step=rule, stop=st.GradientNorm(1e-9))
    assert result.steps[0] == 1e-3 and result.steps[:6].tolist() == [1e-3 * 2**k for k in range(6)]
    assert result.iterations < 50


def test_strong_wolfe_begins_where_the_same_decrease_is_expected():
    line = line_through(st.functions.Quadratic([2]), [1.0])  # slope -4
    rule = st.StrongWolfe()
    assert rule._first(line, Taken(mu=0.3, slope=-8.0)) == pytest.approx(0.6)
    assert rule._first(line, Taken(mu=0.3, slope=-8e5)) == pytest.approx(3.0)
    assert rule._first(line, Taken(mu=0.3, slope=-8e-5)) == pytest.approx(0.03)


def test_the_cubic_has_its_minimum_where_it_should():
    """J = (t - 0.7)^2 (t + 2): a cubic, so that one interpolation finds its minimum exactly."""

    def f(t):
        return ((t - 0.7) ** 2 * (t + 2)).sum(), 2 * (t - 0.7) * (t + 2) + (t - 0.7) ** 2

    line = Line(Counted(f), Counted(f)(np.array([0.0])), np.array([1.0]))
    for a, b in ((0.1, 1.9), (1.9, 0.1), (0.0, 0.5)):
        assert cubic_minimum(line.at(a), line.at(b)) == pytest.approx(0.7)
    assert inside(line.at(0.1), line.at(1.9)) == pytest.approx(0.7)
    assert inside(line.at(0.69), line.at(10.69)) == pytest.approx(1.69)  # kept from the end
    assert cubic_minimum(line.at(-6.0), line.at(-5.0)) == pytest.approx(0.7)


def test_a_search_ends_early_where_rounding_hides_the_decrease():
    def f(t):
        value, gradient = st.functions.Quadratic([1])(t)
        return value + 1e6, gradient

    line = line_through(f, [1e-7])
    with pytest.raises(NoStep):
        st.StrongWolfe(initial=8.0).search(line, None)
    assert line.f.evaluations < 10


def test_a_wrong_gradient_is_met_by_the_line_search():
    def uphill(t):
        return (t**2).sum(), -2 * t

    for rule, tried in ((st.Armijo(max_trials=9), 9), (st.StrongWolfe(max_trials=9), 9)):
        line = line_through(uphill, [1.0])
        with pytest.raises(NoStep, match="no acceptable step; the last one tried was"):
            rule.search(line, None)
        assert line.f.evaluations == 1 + tried


def test_a_function_without_a_lower_bound_ends_the_search():
    line = line_through(lambda t: (t.sum(), np.ones_like(t)), [0.0, 0.0])
    with pytest.raises(NoStep):
        st.StrongWolfe(max_trials=12).search(line, None)
    assert line.f.evaluations == 13


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: st.FixedStep(0), r"\[FixedStep\] mu is above 0; got mu=0"),
        (lambda: st.FixedStep(float("nan")), "mu is above 0; got mu=nan"),
        (lambda: st.Armijo(initial=-1), r"\[Armijo\] initial is above 0"),
        (lambda: st.Armijo(shrink=1), "0 < shrink < 1; got shrink=1"),
        (lambda: st.Armijo(decrease=0), "0 < decrease < 1"),
        (lambda: st.Armijo(max_trials=0), "max_trials is a whole number, at least 1; got max_trials=0"),
        (lambda: st.StrongWolfe(curvature=1), r"\[StrongWolfe\] 0 < curvature < 1"),
        (lambda: st.StrongWolfe(decrease=0.2, curvature=0.1), "0 < decrease < 0.1; got decrease=0.2"),
        (lambda: st.StrongWolfe(max_trials=2.5), "max_trials is a whole number"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_rules_say_what_they_are():
    assert repr(st.FixedStep(0.5)) == "FixedStep(mu=0.5)"
    assert repr(st.Armijo()) == "Armijo(initial=1.0, shrink=0.5, decrease=0.0001, max_trials=60)"
