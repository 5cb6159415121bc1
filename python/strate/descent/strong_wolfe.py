"""Line search for the strong Wolfe conditions: bracket, then zoom in."""

from __future__ import annotations

from math import isfinite, sqrt

from strate.descent.line import Line, Trial
from strate.descent.step import NoStep, StepRule, above_zero, between, trials_of

GROWTH = (2.0, 10.0)  # of the step while J still falls steeply: at least and at most
MARGIN = 0.1  # of the bracket, kept between its ends and a trial


class StrongWolfe(StepRule):
    """A step after which J is lower and flatter along the line:

        J(theta - mu g) <= J(theta) - decrease mu ||g||^2        (the decrease of Armijo)
        |g' . g| <= curvature ||g||^2,   g' = grad J(theta - mu g)

    (lecture, p. 33). Steps grow until a bracket holds such a step; the minimum of the cubic through
    values and slopes at its ends is then tried, kept a tenth of the bracket away from both ends, or the
    middle where there is no such minimum. The first trial of an iteration supposes the same first-order
    decrease as in the one before. The first condition compares values of J, so a search fails where
    rounding hides their difference: at a gradient of about 1e-8 to 1e-7 if J is about 1.

    Args:
        initial: the first step tried in the first iteration, above 0.
        decrease: c_1, in (0, curvature).
        curvature: c_2, in (decrease, 1); smaller means a more exact search.
        max_trials: evaluations along one line before minimize stops.
    Source:
        J. Nocedal, S. J. Wright, "Numerical Optimization", 2nd edition, Springer, 2006: algorithms 3.5 and
        3.6, formulas 3.59 and 3.60.

    >>> stop = st.GradientNorm(1e-3)
    >>> st.minimize(st.functions.rosenbrock, [-1.2, 1.0], step=st.StrongWolfe(), stop=stop).converged
    True
    """

    def __init__(
        self, initial: float = 1.0, decrease: float = 1e-4, curvature: float = 0.1, max_trials: int = 60
    ):
        self.initial = above_zero(initial, "initial", "StrongWolfe")
        self.curvature = between(curvature, 0, 1, "curvature", "StrongWolfe")
        self.decrease = between(decrease, 0, self.curvature, "decrease", "StrongWolfe")
        self.max_trials = trials_of(max_trials, "StrongWolfe")

    def search(self, line, before):
        low, mu = line.start, self._first(line, before)
        for tried in range(1, self.max_trials + 1):
            trial = line.at(mu)
            if not line.decreases(trial, self.decrease) or (low.mu > 0 and trial.value >= low.value):
                return self._zoom(line, low, trial, self.max_trials - tried)
            if line.is_flat(trial, self.curvature):
                return trial
            if trial.slope >= 0:
                return self._zoom(line, trial, low, self.max_trials - tried)
            low, mu = trial, grown(low, trial)
        raise NoStep(trial.mu)

    def _first(self, line: Line, before) -> float:
        if before is None:
            return self.initial
        ratio = before.slope / line.start.slope if line.start.slope else 1.0
        return before.mu * min(max(ratio, 1 / GROWTH[1]), GROWTH[1])

    def _zoom(self, line: Line, low: Trial, high: Trial, trials: int) -> Trial:
        """Shrink a bracket; `low` is its end with the lower J, which fulfils the first condition."""
        for _ in range(trials):
            mu = inside(low, high)
            if mu in (low.mu, high.mu) or line.hides(max(low.mu, high.mu)):
                break  # numbers do not tell what is better any more
            trial = line.at(mu)
            if not line.decreases(trial, self.decrease) or trial.value >= low.value:
                high = trial
            else:
                if line.is_flat(trial, self.curvature):
                    return trial
                if trial.slope * (high.mu - low.mu) >= 0:
                    high = low
                low = trial
        raise NoStep(high.mu)


def cubic_minimum(a: Trial, b: Trial) -> float | None:
    """Where the cubic with the values and slopes of J at a and b has its minimum, if it has one."""
    if not (a.point.is_finite and b.point.is_finite):
        return None
    chord = a.slope + b.slope - 3 * (a.value - b.value) / (a.mu - b.mu)
    square = chord * chord - a.slope * b.slope
    if not (isfinite(square) and square >= 0):
        return None
    root = sqrt(square) if b.mu > a.mu else -sqrt(square)
    below = b.slope - a.slope + 2 * root
    return b.mu - (b.mu - a.mu) * (b.slope + root - chord) / below if below else None


def inside(low: Trial, high: Trial) -> float:
    """The next trial in a bracket: the cubic's minimum, away from the ends, or else the middle."""
    mu = cubic_minimum(low, high)
    if mu is None:
        return (low.mu + high.mu) / 2
    left, right = sorted((low.mu, high.mu))
    margin = MARGIN * (right - left)
    return min(max(mu, left + margin), right - margin)


def grown(low: Trial, trial: Trial) -> float:
    """The next, longer trial where J still falls: the cubic's minimum ahead, within bounds."""
    shortest, longest = (factor * trial.mu for factor in GROWTH)
    mu = cubic_minimum(low, trial)
    return longest if mu is None or mu <= trial.mu else min(max(mu, shortest), longest)
