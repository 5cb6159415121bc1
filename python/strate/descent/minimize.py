"""Gradient descent: theta <- theta - mu grad J(theta), until a test says stop."""

from __future__ import annotations

import numpy as np

from strate.descent.limits import Divergence, Interruption, LineSearchFailure, MaxIterations
from strate.descent.line import Counted, Function, Line
from strate.descent.objective import Objective
from strate.descent.result import Descent, Record
from strate.descent.step import NoStep, StepRule, get
from strate.descent.stopping import AnyOf, Fired, StoppingTest
from strate.interrupt import Interrupt

SHORT = 100  # numbers in a theta whose path is kept without being asked for


def minimize(
    f: Function,
    theta0,
    *,
    step: float | StepRule,
    stop: StoppingTest | None = None,
    max_iterations: int = 10_000,
    keep_path: bool | None = None,
) -> Descent:
    """Gradient descent from theta0: theta_{k+1} = theta_k - mu_k grad J(theta_k) (lecture, p. 26-38).

    At every theta_k, the starting point included, three things are asked in this order: whether it diverges
    (`Divergence()`, unless `stop` holds another limit), the tests of `stop` in the order in which they were
    joined, and `MaxIterations(max_iterations)`. The first that fires ends it. A line search without a step to
    accept ends it too, and so does Ctrl-C: after the iteration, or at once if it comes twice.

    Args:
        f: f(theta) -> (J, grad J); `st.objective(model, x, y, loss)` makes one of a model, which then holds
            the result.
        theta0: the starting point, a vector.
        step: mu as a number, or `Armijo()` or `StrongWolfe()`, which find one by a line search.
        stop: tests joined by `|`, such as `GradientNorm(1e-6) | ObjectiveChange(1e-9, relative=True)`.
            Default: only the two others.
        max_iterations: steps at most.
        keep_path: whether to keep every theta_k. Default: if theta has at most 100 numbers.
    Returns:
        `Descent`: theta, value, the path, and which test fired, when, with what value.
    Raises:
        ValueError: theta0 or a gradient in a wrong shape.
        TypeError: f returns something else than (value, gradient).

    >>> def f(theta):
    ...     return (theta**2).sum(), 2 * theta
    >>> print(st.minimize(f, [3.0, 4.0], step=0.25, stop=st.GradientNorm(1e-2)).fired)
    GradientNorm(eps=0.01) at iteration 10: ||grad J|| = 0.00976562
    """
    if stop is not None and not isinstance(stop, StoppingTest):
        raise TypeError(f"[minimize] stop is a stopping test, such as GradientNorm(1e-6); got stop={stop!r}")
    theta, rule, tests = vector(theta0), get(step), with_limits(stop, max_iterations)
    counted = Counted(f)
    record = Record(counted(theta), theta.size <= SHORT if keep_path is None else bool(keep_path))
    try:
        with Interrupt() as interrupt:
            fired = descend(counted, record, rule, tests, interrupt)
    finally:
        if isinstance(f, Objective):
            f.theta = record.point.theta
    return record.finish(counted.evaluations, fired)


def descend(f: Counted, record: Record, rule: StepRule, tests: AnyOf, interrupt: Interrupt) -> Fired:
    """Iterate until something fires."""
    while True:
        iterate = record.iterate
        fired = tests.check(iterate)
        if fired is not None:
            return fired
        if interrupt.requested:
            return Fired(Interruption(), iterate.iteration, iterate.point.value)
        line = Line(f, iterate.point, -iterate.point.gradient)
        try:
            trial = rule.search(line, record.before)
        except NoStep as error:
            return Fired(LineSearchFailure(rule), iterate.iteration, error.mu)
        if not trial.point.is_finite:
            return Fired(tests.tests[0], iterate.iteration + 1, trial.value)
        record.add(line, trial)


def vector(theta0) -> np.ndarray:
    """theta0 as a vector of its own in float64."""
    theta = np.array(theta0, np.float64)
    if theta.ndim != 1:
        raise ValueError(f"[minimize] theta0 is a vector; got shape={theta.shape}")
    return theta


def with_limits(stop: StoppingTest | None, max_iterations: int) -> AnyOf:
    """The user's tests between the two that are always asked: divergence first, the count last."""
    tests = AnyOf() if stop is None else AnyOf(stop)
    divergence = [test for test in tests.tests if isinstance(test, Divergence)]
    others = [test for test in tests.tests if not isinstance(test, Divergence)]
    return AnyOf(*(divergence or [Divergence()]), *others, MaxIterations(max_iterations))
