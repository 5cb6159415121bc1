"""Stopping tests (lecture, p. 32): small objects, joined by `|`; the first that fires ends `minimize`."""

from __future__ import annotations

from dataclasses import dataclass

from strate.config import constructor_arguments, described
from strate.descent.line import Point


@dataclass(frozen=True)
class Iterate:
    """theta_k as a test sees it.

    Attributes:
        iteration: k, from 0.
        point: theta_k, its value and gradient.
        previous: the same for k - 1; None at the start.
        first_value: J(theta_0).
    """

    iteration: int
    point: Point
    previous: Point | None
    first_value: float


@dataclass(frozen=True)
class Fired:
    """Why `minimize` ended.

    Attributes:
        test: the stopping test.
        iteration: k, when it fired.
        value: what it measured then.
    """

    test: StoppingTest
    iteration: int
    value: float

    def __str__(self) -> str:
        return f"{self.test} at iteration {self.iteration}: {self.test.formula} = {self.value:.6g}"


class StoppingTest:
    """Looks at every theta_k; a test of your own writes `measure` and `fires`.

    Attributes:
        formula: what is measured, for messages.
        converges: whether firing means that a minimum was found.
    """

    formula = "its value"
    converges = True

    def measure(self, iterate: Iterate) -> float | None:
        """What is compared; None while there is nothing to measure."""
        raise NotImplementedError(f"{type(self).__name__} has no measure(iterate)")

    def fires(self, measured: float, iterate: Iterate) -> bool:
        """Whether that is enough to stop."""
        raise NotImplementedError(f"{type(self).__name__} has no fires(measured, iterate)")

    def check(self, iterate: Iterate) -> Fired | None:
        """The report if the test fires."""
        measured = self.measure(iterate)
        if measured is None or not self.fires(measured, iterate):
            return None
        return Fired(self, iterate.iteration, float(measured))

    def config(self) -> dict:
        """The constructor's arguments."""
        return constructor_arguments(self)

    def __or__(self, other) -> AnyOf:
        return AnyOf(self, other) if isinstance(other, StoppingTest) else NotImplemented

    def __repr__(self) -> str:
        return described(self)


class AnyOf(StoppingTest):
    """Several tests, asked in order: what `a | b` makes."""

    def __init__(self, *tests: StoppingTest):
        self.tests = tuple(
            inner for test in tests for inner in (test.tests if isinstance(test, AnyOf) else (test,))
        )

    def check(self, iterate):
        return next(filter(None, (test.check(iterate) for test in self.tests)), None)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.tests))
