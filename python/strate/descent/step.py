"""How far to go along -grad J: the base of every rule, and the fixed step."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from strate.config import constructor_arguments, described
from strate.descent.line import Line, Trial


class NoStep(Exception):
    """What `search` raises when it finds no acceptable step.

    Attributes:
        mu: the last step that was tried.
    """

    def __init__(self, mu: float):
        super().__init__(f"no acceptable step; the last one tried was {mu:.3g}")
        self.mu = mu


@dataclass(frozen=True)
class Taken:
    """The step of the iteration before, and the slope -||grad J||^2 that its line started with."""

    mu: float
    slope: float


class StepRule:
    """Chooses mu in theta - mu grad J(theta); a rule of your own writes `search`."""

    def search(self, line: Line, before: Taken | None) -> Trial:
        """The trial to accept.

        Args:
            line: J along -grad J(theta); `line.at(mu)` evaluates it, `line.start` is mu = 0.
            before: the step of the iteration before; None in the first.
        Raises:
            NoStep: no step along this line is acceptable.
        """
        raise NotImplementedError(f"{type(self).__name__} has no search(line, before)")

    def config(self) -> dict:
        """The constructor's arguments."""
        return constructor_arguments(self)

    def __repr__(self) -> str:
        return described(self)


class FixedStep(StepRule):
    """The same mu in every iteration (lecture, p. 31 and 33).

    Where grad J is L-Lipschitz, a mu below 2/L makes J fall in every iteration; on a quadratic function a
    larger one diverges. A number given as `step` means this.

    Args:
        mu: the step, above 0.

    >>> st.minimize(st.functions.Quadratic([1, 4]), [1.0, 1.0], step=st.FixedStep(0.4)).converged
    False
    """

    def __init__(self, mu: float):
        self.mu = above_zero(mu, "mu", "FixedStep")

    def search(self, line, before):
        return line.at(self.mu)


def get(step) -> StepRule:
    """A rule from a number or a rule.

    Raises:
        TypeError: anything else.
    """
    if isinstance(step, StepRule):
        return step
    if isinstance(step, bool) or not hasattr(step, "__float__"):
        raise TypeError(f"[minimize] step is a number, Armijo() or StrongWolfe(); got step={step!r}")
    return FixedStep(step)


def above_zero(value: float, name: str, where: str) -> float:
    """`value` as a float, if it is finite and above 0."""
    value = float(value)
    if not (isfinite(value) and value > 0):
        raise ValueError(f"[{where}] {name} is above 0; got {name}={value:g}")
    return value


def between(value: float, low: float, high: float, name: str, where: str) -> float:
    """`value` as a float, if it lies strictly between the bounds."""
    value = float(value)
    if not low < value < high:
        raise ValueError(f"[{where}] {low:g} < {name} < {high:g}; got {name}={value:g}")
    return value


def trials_of(value: int, where: str) -> int:
    """`value` if it is a whole number of at least 1."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"[{where}] max_trials is a whole number, at least 1; got max_trials={value!r}")
    return value.__index__()
