"""What `minimize` returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strate.descent.line import Line, Point, Trial
from strate.descent.step import Taken
from strate.descent.stopping import Fired, Iterate


@dataclass(frozen=True, repr=False)
class Descent:
    """The way that `minimize` went, and why it ended; entry k of a list belongs to theta_k.

    Attributes:
        theta: the last theta whose value and gradient were finite.
        value: J(theta).
        gradient: grad J(theta).
        gradient_norm: ||grad J(theta)||.
        iterations: steps taken.
        evaluations: how often f was evaluated; each gives the value and the gradient.
        fired: the test that ended it, `.test`, at which `.iteration`, with what `.value`.
        converged: whether that test means that a minimum was found.
        values: J(theta_k), one more than there were iterations.
        gradient_norms: ||grad J(theta_k)||.
        steps: mu_k, one for each iteration.
        path: theta_k as the rows of an array, or None if it was not kept.
    """

    theta: np.ndarray
    value: float
    gradient: np.ndarray
    gradient_norm: float
    evaluations: int
    fired: Fired
    values: np.ndarray
    gradient_norms: np.ndarray
    steps: np.ndarray
    path: np.ndarray | None

    @property
    def iterations(self) -> int:
        """Steps taken."""
        return len(self.steps)

    @property
    def converged(self) -> bool:
        """Whether a test of convergence ended it, and not a limit."""
        return self.fired.test.converges

    def __repr__(self) -> str:
        return (
            f"Descent(J = {self.value:.6g} after {self.iterations} iterations and "
            f"{self.evaluations} evaluations; {self.fired})"
        )


class Record:
    """The lists of a Descent while they grow.

    Attributes:
        point: theta_k.
        before: the last step; None before the first.
    """

    def __init__(self, point: Point, keep_path: bool):
        self.point, self.previous, self.keep_path = point, None, keep_path
        self.before: Taken | None = None
        self.values, self.gradient_norms, self.steps = [point.value], [point.gradient_norm], []
        self.path = [point.theta]

    @property
    def iterate(self) -> Iterate:
        """What the stopping tests see."""
        return Iterate(len(self.steps), self.point, self.previous, self.values[0])

    def add(self, line: Line, trial: Trial) -> None:
        """Take in an iteration: the step that was accepted on a line."""
        self.previous, self.point = self.point, trial.point
        self.before = Taken(trial.mu, line.start.slope)
        self.steps.append(trial.mu)
        self.values.append(trial.value)
        self.gradient_norms.append(trial.point.gradient_norm)
        if self.keep_path:
            self.path.append(trial.point.theta)

    def finish(self, evaluations: int, fired: Fired) -> Descent:
        """The result, at its last point."""
        return Descent(
            theta=self.point.theta.copy(),
            value=self.point.value,
            gradient=self.point.gradient.copy(),
            gradient_norm=self.point.gradient_norm,
            evaluations=evaluations,
            fired=fired,
            values=np.array(self.values),
            gradient_norms=np.array(self.gradient_norms),
            steps=np.array(self.steps),
            path=np.array(self.path) if self.keep_path else None,
        )
