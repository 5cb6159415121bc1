"""Backtracking until J falls enough."""

from __future__ import annotations

from strate.descent.step import NoStep, StepRule, above_zero, between, trials_of


class Armijo(StepRule):
    """Line search by backtracking: the first mu of initial, shrink initial, shrink^2 initial, ... with

        J(theta - mu g) <= J(theta) - decrease mu ||g||^2,    g = grad J(theta)

    (lecture, p. 33). From the second iteration on it begins with the step before, divided by `shrink`, so
    that steps can grow again.

    Args:
        initial: the first step tried in the first iteration, above 0.
        shrink: factor between a trial and the next, in (0, 1).
        decrease: part of the decrease of the tangent that is asked for, in (0, 1).
        max_trials: evaluations along one line before minimize stops.
    Source:
        L. Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives",
        Pacific Journal of Mathematics 16(1), 1966.

    >>> stop = st.GradientNorm(1e-3)
    >>> st.minimize(st.functions.rosenbrock, [-1.2, 1.0], step=st.Armijo(), stop=stop).converged
    True
    """

    def __init__(
        self, initial: float = 1.0, shrink: float = 0.5, decrease: float = 1e-4, max_trials: int = 60
    ):
        self.initial = above_zero(initial, "initial", "Armijo")
        self.shrink = between(shrink, 0, 1, "shrink", "Armijo")
        self.decrease = between(decrease, 0, 1, "decrease", "Armijo")
        self.max_trials = trials_of(max_trials, "Armijo")

    def search(self, line, before):
        mu = self.initial if before is None else before.mu / self.shrink
        for _ in range(self.max_trials):
            trial = line.at(mu)
            if line.decreases(trial, self.decrease):
                return trial
            mu *= self.shrink
        raise NoStep(trial.mu)
