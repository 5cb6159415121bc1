"""J at a point, and J along a line through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

import numpy as np

ROUNDING = float(np.finfo(np.float64).eps) / 4  # relative; below half of it nothing changes a number
Function = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Point:
    """theta with J(theta) and grad J(theta); the arrays are read-only."""

    theta: np.ndarray
    value: float
    gradient: np.ndarray

    @cached_property
    def gradient_norm(self) -> float:
        """||grad J(theta)||, the Euclidean norm."""
        with np.errstate(all="ignore"):
            return float(np.linalg.norm(self.gradient))

    @property
    def is_finite(self) -> bool:
        """Whether neither J nor any part of its gradient is NaN or infinite."""
        return isfinite(self.value) and bool(np.isfinite(self.gradient).all())


class Counted:
    """f with its results checked and its evaluations counted; each gives the value and the gradient."""

    def __init__(self, f: Function):
        self.f, self.evaluations = f, 0

    def __call__(self, theta: np.ndarray) -> Point:
        """J and its gradient; overflow is no warning here, since minimize reports what it leads to."""
        theta.flags.writeable = False
        self.evaluations += 1
        with np.errstate(all="ignore"):
            returned = self.f(theta)
        try:
            value, gradient = returned
            value, gradient = float(value), np.array(gradient, np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(f"[minimize] f(theta) returns (value, gradient); got {returned!r}") from error
        if gradient.shape != theta.shape:
            raise ValueError(
                f"[minimize] the gradient has the shape of theta, {theta.shape}; got {gradient.shape}"
            )
        gradient.flags.writeable = False
        return Point(theta, value, gradient)


@dataclass(frozen=True)
class Trial:
    """One place on a line: its step mu, the point there, and the slope of J along the line."""

    mu: float
    point: Point
    slope: float

    @property
    def value(self) -> float:
        """J there."""
        return self.point.value


class Line:
    """mu -> J(theta + mu direction), from a point where J is known.

    Attributes:
        start: the trial with mu = 0.
        direction: what a step of 1 adds to theta.
    """

    def __init__(self, f: Counted, point: Point, direction: np.ndarray):
        self.f, self.direction = f, direction
        self.start = Trial(0.0, point, float(point.gradient @ direction))

    def at(self, mu: float) -> Trial:
        """Evaluate J and its gradient at theta + mu direction."""
        with np.errstate(all="ignore"):
            point = self.f(self.start.point.theta + mu * self.direction)
            return Trial(mu, point, float(point.gradient @ self.direction))

    def decreases(self, trial: Trial, decrease: float) -> bool:
        """Armijo's condition: J(mu) <= J(0) + decrease mu J'(0), all of it finite."""
        bound = self.start.value + decrease * trial.mu * self.start.slope
        return trial.point.is_finite and trial.value <= bound

    def hides(self, mu: float) -> bool:
        """Whether the decrease that the slope promises for a step mu is lost in the rounding of J."""
        return mu * abs(self.start.slope) < ROUNDING * abs(self.start.value)

    def is_flat(self, trial: Trial, curvature: float) -> bool:
        """The strong Wolfe condition on the slope: |J'(mu)| <= curvature |J'(0)|."""
        return abs(trial.slope) <= curvature * abs(self.start.slope)
