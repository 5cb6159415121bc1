"""Ends that are no minimum: the budget, divergence, a line search without a step, Ctrl-C."""

from __future__ import annotations

from strate.descent.stopping import StoppingTest


class MaxIterations(StoppingTest):
    """k >= n: the budget is spent.

    Args:
        n: iterations, 0 or more.
    """

    formula = "k"
    converges = False

    def __init__(self, n: int):
        if isinstance(n, bool) or not hasattr(n, "__index__") or n < 0:
            raise ValueError(f"[MaxIterations] n is a whole number, 0 or more; got n={n!r}")
        self.n = n.__index__()

    def measure(self, iterate):
        return iterate.iteration

    def fires(self, measured, iterate):
        return measured >= self.n


class Divergence(StoppingTest):
    """J is NaN or infinite, or its gradient is, or J > limit max(1, |J(theta_0)|).

    `minimize` adds one to the tests if they have none. Where J or its gradient is not finite, the result
    keeps the theta before.

    Args:
        limit: above 0.
    """

    formula = "J"
    converges = False

    def __init__(self, limit: float = 1e12):
        self.limit = float(limit)
        if not self.limit > 0:
            raise ValueError(f"[Divergence] limit is above 0; got limit={limit}")

    def measure(self, iterate):
        return iterate.point.value

    def fires(self, measured, iterate):
        return not iterate.point.is_finite or measured > self.limit * max(1.0, abs(iterate.first_value))


class LineSearchFailure(StoppingTest):
    """No step that the rule accepts: J is as low as rounding lets it see, or f's gradient is wrong.

    Args:
        step: the rule.
    """

    formula = "the last step tried"
    converges = False

    def __init__(self, step):
        self.step = step


class Interruption(StoppingTest):
    """Ctrl-C."""

    formula = "J"
    converges = False
