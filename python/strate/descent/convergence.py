"""Tests that say "this is a minimum": a small gradient, or little change (lecture, p. 32)."""

from __future__ import annotations

from math import inf, isfinite

import numpy as np

from strate.descent.line import Point
from strate.descent.stopping import StoppingTest


class Small(StoppingTest):
    """Fires at a measure of at most eps."""

    def __init__(self, eps: float):
        self.eps = float(eps)
        if not (isfinite(self.eps) and self.eps >= 0):
            raise ValueError(f"[{type(self).__name__}] eps is 0 or more; got eps={eps}")

    def fires(self, measured, iterate):
        return measured <= self.eps


class GradientNorm(Small):
    """||grad J(theta_k)|| <= eps (lecture, p. 32).

    Args:
        eps: 0 or more, in units of J per unit of theta.

    >>> print(st.minimize(st.functions.Quadratic([2]), [1.0], step=0.25, stop=st.GradientNorm(1e-3)).fired)
    GradientNorm(eps=0.001) at iteration 11: ||grad J|| = 0.000976562
    """

    formula = "||grad J||"

    def measure(self, iterate):
        return iterate.point.gradient_norm


class Change(Small):
    """The change of something between two iterations, as it is or divided by its size before.

    Args:
        eps: 0 or more.
        relative: divide by the size before the iteration.
        guarded: divide by max(1, that size); for relative tests.
    """

    symbol = ("", "")  # the change, and the size before

    def __init__(self, eps: float, relative: bool = False, guarded: bool = False):
        super().__init__(eps)
        self.relative, self.guarded = bool(relative), bool(guarded)
        if guarded and not relative:
            raise ValueError(
                f"[{type(self).__name__}] guarded is a denominator max(1, .), for relative=True; "
                "got relative=False, guarded=True"
            )

    @property
    def formula(self) -> str:
        """What is measured."""
        change, size = self.symbol
        if not self.relative:
            return change
        return f"{change} / max(1, {size})" if self.guarded else f"{change} / {size}"

    def measure(self, iterate):
        if iterate.previous is None:
            return None
        change, size = self.change(iterate.point, iterate.previous)
        if not self.relative:
            return change
        size = max(1.0, size) if self.guarded else size
        if size == 0:
            return 0.0 if change == 0 else inf
        return change / size

    def change(self, point: Point, previous: Point) -> tuple[float, float]:
        """The change, and the size before."""
        raise NotImplementedError


class ObjectiveChange(Change):
    """|J_k - J_{k-1}| <= eps, or divided by |J_{k-1}| or by max(1, |J_{k-1}|) (lecture, p. 32).

    Args:
        eps: 0 or more, in units of J, or a ratio if relative.
        relative: divide by |J_{k-1}|.
        guarded: divide by max(1, |J_{k-1}|); for relative=True.
    Raises:
        ValueError: a negative eps, or guarded without relative.

    >>> st.ObjectiveChange(1e-6, relative=True, guarded=True).formula
    '|J_k - J_k-1| / max(1, |J_k-1|)'
    """

    symbol = ("|J_k - J_k-1|", "|J_k-1|")

    def change(self, point, previous):
        return abs(point.value - previous.value), abs(previous.value)


class IterateChange(Change):
    """||theta_k - theta_{k-1}|| <= eps, or divided by ||theta_{k-1}|| or by max(1, ||theta_{k-1}||).

    All three are on p. 32 of the lecture.

    Args:
        eps: 0 or more, in units of theta, or a ratio if relative.
        relative: divide by ||theta_{k-1}||.
        guarded: divide by max(1, ||theta_{k-1}||); for relative=True.
    Raises:
        ValueError: a negative eps, or guarded without relative.

    >>> st.IterateChange(1e-6, relative=True).formula
    '||theta_k - theta_k-1|| / ||theta_k-1||'
    """

    symbol = ("||theta_k - theta_k-1||", "||theta_k-1||")

    def change(self, point, previous):
        return (
            float(np.linalg.norm(point.theta - previous.theta)),
            float(np.linalg.norm(previous.theta)),
        )
