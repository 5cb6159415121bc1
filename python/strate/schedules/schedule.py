"""Learning rates that change: the base class, and how a number or a function becomes one."""

from __future__ import annotations

from math import isfinite

from strate.config import constructor_arguments, described


class Schedule:
    """The learning rate of an epoch; `schedule(0)` is the first epoch's.

    A class of your own writes `__call__`; a plain function of the epoch works too.
    """

    def __call__(self, epoch: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} has no __call__(epoch)")

    def config(self) -> dict:
        """The constructor's arguments."""
        return constructor_arguments(self)

    def __repr__(self) -> str:
        return described(self)


class Fixed(Schedule):
    """rate(epoch) = rate."""

    def __init__(self, rate: float):
        self.rate = positive("learning_rate", rate)

    def __call__(self, epoch):
        return self.rate

    def __repr__(self) -> str:
        return f"{self.rate:g}"


class FromFunction(Schedule):
    """rate(epoch) = function(epoch), checked."""

    def __init__(self, function):
        self.function = function

    def __call__(self, epoch):
        return positive("learning_rate", self.function(epoch))


def positive(name: str, value: float) -> float:
    """`value` as a float if it is finite and not negative."""
    value = float(value)
    if not isfinite(value) or value < 0:
        raise ValueError(f"{name} is a finite number, 0 or more; got {name}={value}")
    return value


def count(name: str, value: int) -> int:
    """`value` if it is a whole number of epochs, at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is a whole number of epochs, at least 1; got {name}={value!r}")
    return value
