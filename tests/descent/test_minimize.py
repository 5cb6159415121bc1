"""Gradient descent: what p. 31-38 of the lecture say about steps, valleys and basins, and the result."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import strate as st

ROSENBROCK = st.functions.rosenbrock
START = [-1.2, 1.0]


def test_the_iteration_is_that_of_the_lecture():
    f = st.functions.Quadratic([1, 4], seed=0)
    result = st.minimize(f, [1.0, 2.0], step=0.1, max_iterations=5)
    theta = np.array([1.0, 2.0])
    for k in range(6):
        np.testing.assert_array_equal(result.path[k], theta)
        assert result.values[k] == f(theta)[0]
        assert result.gradient_norms[k] == np.linalg.norm(f(theta)[1])
        theta = theta - 0.1 * f(theta)[1]
    assert result.steps.tolist() == [0.1] * 5
    np.testing.assert_array_equal(result.theta, result.path[-1])
    np.testing.assert_array_equal(result.gradient, f(result.theta)[1])
    assert (result.iterations, result.evaluations) == (5, 6)
    assert result.gradient_norm == result.gradient_norms[-1]


@settings(max_examples=60)
@given(
    eigenvalues=some.lists(some.floats(1, 20), min_size=1, max_size=5),
    seed=some.integers(0, 99),
    part=some.floats(0.05, 0.97),
)
def test_below_two_over_l_a_quadratic_converges_and_above_it_diverges(eigenvalues, seed, part):
    f = st.functions.Quadratic(eigenvalues, seed=seed)
    start = f.matrix @ np.arange(1, len(eigenvalues) + 1) + np.linalg.eigh(f.matrix)[1][:, -1]
    limit = 2 / f.lipschitz
    stop = st.GradientNorm(1e-9)
    below = st.minimize(f, start, step=part * limit, stop=stop, max_iterations=20_000)
    assert below.converged and np.linalg.norm(below.theta) <= 1e-8
    assert (np.diff(below.values) < 0).all()
    above = st.minimize(f, start, step=limit / part, stop=stop, max_iterations=20_000)
    assert isinstance(above.fired.test, st.Divergence)
    assert above.value > 1e12


def test_at_two_over_l_it_does_neither():
    f = st.functions.Quadratic([10])
    result = st.minimize(f, [1.0], step=0.2, stop=st.GradientNorm(1e-6), max_iterations=1000)
    assert isinstance(result.fired.test, st.MaxIterations)
    np.testing.assert_allclose(result.values, 5, rtol=1e-10)


def test_small_steps_are_slow():
    f = st.functions.Quadratic([1, 10])
    counts = [
        st.minimize(f, [1.0, 1.0], step=mu, stop=st.GradientNorm(1e-6)).iterations for mu in (0.18, 0.1, 0.01)
    ]
    assert counts == sorted(counts) and counts[-1] > 9 * counts[0]


def test_rosenbrocks_valley():
    """p. 35: a fixed step of 1e-3 is still on its way after 10 000 iterations; line searches arrive."""
    fixed = st.minimize(ROSENBROCK, START, step=1e-3, stop=st.GradientNorm(1e-6), max_iterations=10_000)
    assert isinstance(fixed.fired.test, st.MaxIterations) and fixed.evaluations == 10_001
    assert 1e-5 < fixed.value < 1e-4 and np.linalg.norm(fixed.theta - 1) > 0.01
    wolfe = st.minimize(ROSENBROCK, START, step=st.StrongWolfe(), stop=st.GradientNorm(1e-6))
    assert wolfe.converged and np.linalg.norm(wolfe.theta - 1) < 1e-5
    assert wolfe.iterations < 3000 and wolfe.evaluations < 6000
    armijo = st.minimize(
        ROSENBROCK, START, step=st.Armijo(), stop=st.GradientNorm(1e-6), max_iterations=10_000
    )
    assert armijo.value < fixed.value / 1000 and armijo.evaluations < 25_000
    for result in (armijo, wolfe):
        assert (np.diff(result.values) < 0).all()
    larger = st.minimize(ROSENBROCK, START, step=1e-2)
    assert isinstance(larger.fired.test, st.Divergence) and larger.iterations < 10


@pytest.mark.parametrize("step", [0.02, st.Armijo(initial=0.1), st.StrongWolfe(initial=0.02)])
def test_the_start_decides_which_minimum_is_found(step):
    """p. 36-38: from beside each of the six minima, that minimum."""
    for minimum, lowest in st.functions.SIX_HUMP_CAMEL_MINIMA:
        start = np.add(minimum, (0.1, -0.1))
        result = st.minimize(st.functions.six_hump_camel, start, step=step, stop=st.GradientNorm(1e-6))
        assert result.converged
        np.testing.assert_allclose(result.theta, minimum, atol=1e-6)
        assert result.value == pytest.approx(lowest, abs=1e-11)


def test_the_path_is_kept_for_short_vectors_or_on_demand():
    def run(size, **settings):
        f = st.functions.Quadratic(np.ones(size))
        return st.minimize(f, np.ones(size), step=0.5, max_iterations=3, **settings).path

    assert run(100).shape == (4, 100) and run(101) is None
    assert run(2, keep_path=False) is None and run(101, keep_path=True).shape == (4, 101)


def test_what_is_given_is_left_alone():
    start = np.array([1.0, 2.0])
    result = st.minimize(st.functions.Quadratic([1, 1]), start, step=0.5, max_iterations=3)
    assert start.tolist() == [1.0, 2.0] and result.theta.flags.writeable
    result.theta[:] = 7
    assert (result.path[-1] != 7).all()


def test_a_gradient_buffer_that_is_used_again():
    buffer = np.empty(2)

    def f(t):
        np.multiply(t, 2, out=buffer)
        return (t**2).sum(), buffer

    for step in (0.1, st.StrongWolfe()):
        result = st.minimize(f, [1.0, 2.0], step=step, stop=st.GradientNorm(1e-6))
        assert result.converged and np.abs(result.theta).max() < 1e-6


def test_f_cannot_change_theta():
    def f(t):
        t *= 2
        return 0.0, t

    with pytest.raises(ValueError, match="read-only"):
        st.minimize(f, [1.0], step=0.1)


def test_lists_and_integers_will_do():
    result = st.minimize(lambda t: (sum(t * t), list(2 * t)), [3, 4], step=0.5)
    assert result.theta.dtype == np.float64 and result.theta.tolist() == [0, 0]


def test_ctrl_c_ends_it_after_the_iteration():
    def f(t):
        if t[0] < 0.5:
            os.kill(os.getpid(), signal.SIGINT)
        return (t**2).sum(), 2 * t

    result = st.minimize(f, [1.0], step=0.2)
    assert str(result.fired).startswith("Interruption() at iteration 2")
    assert not result.converged and result.theta[0] == pytest.approx(0.36)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda t: 3.0, r"f\(theta\) returns \(value, gradient\); got 3.0"),
        (lambda t: (t, t), r"f\(theta\) returns \(value, gradient\)"),
        (lambda t: (1.0, "uphill"), r"f\(theta\) returns \(value, gradient\)"),
        (lambda t: (1.0, t, t), r"f\(theta\) returns \(value, gradient\)"),
    ],
)
def test_what_f_returns_is_checked(f, message):
    with pytest.raises(TypeError, match=message):
        st.minimize(f, [1.0, 2.0], step=0.1)


def test_wrong_arguments():
    f = st.functions.Quadratic([1, 1])
    with pytest.raises(ValueError, match=r"the gradient has the shape of theta, \(2,\); got \(1,\)"):
        st.minimize(lambda t: (1.0, [1.0]), [1.0, 2.0], step=0.1)
    with pytest.raises(ValueError, match=r"theta0 is a vector; got shape=\(1, 2\)"):
        st.minimize(f, [[1.0, 2.0]], step=0.1)
    with pytest.raises(TypeError, match="step is a number, Armijo"):
        st.minimize(f, [1.0, 2.0], step="armijo")
    with pytest.raises(TypeError, match="stop is a stopping test, such as GradientNorm"):
        st.minimize(f, [1.0, 2.0], step=0.1, stop=1e-6)
    with pytest.raises(ValueError, match="n is a whole number, 0 or more; got n=-1"):
        st.minimize(f, [1.0, 2.0], step=0.1, max_iterations=-1)


def test_a_step_rule_of_ones_own():
    class Halving(st.StepRule):
        def search(self, line, before):
            return line.at(1.0 if before is None else before.mu / 2)

    result = st.minimize(st.functions.Quadratic([1]), [1.0], step=Halving(), max_iterations=4)
    assert result.steps.tolist() == [1.0, 0.5, 0.25, 0.125] and repr(Halving()) == "Halving()"


def test_the_result_says_it_all():
    result = st.minimize(st.functions.Quadratic([2]), [1.0], step=0.25, stop=st.GradientNorm(1e-3))
    assert repr(result) == (
        "Descent(J = 2.38419e-07 after 11 iterations and 12 evaluations; "
        "GradientNorm(eps=0.001) at iteration 11: ||grad J|| = 0.000976562)"
    )


def test_minimize_is_a_function_however_the_package_is_imported():
    import strate.descent

    assert callable(st.minimize) and strate.descent.minimize is st.minimize
