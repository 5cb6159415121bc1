"""Learning rates that change from epoch to epoch."""

from __future__ import annotations

from strate.schedules.cosine import Cosine
from strate.schedules.exponential_decay import ExponentialDecay
from strate.schedules.inverse_time import InverseTime
from strate.schedules.linear import Linear
from strate.schedules.schedule import Fixed, FromFunction, Schedule
from strate.schedules.step_decay import StepDecay
from strate.schedules.warmup import Warmup

__all__ = [
    "Cosine",
    "ExponentialDecay",
    "Fixed",
    "InverseTime",
    "Linear",
    "Schedule",
    "StepDecay",
    "Warmup",
    "get",
]


def get(rate) -> Schedule:
    """A schedule from a number, a function of the epoch, or a schedule.

    Raises:
        ValueError: a number that is negative or not finite.
        TypeError: anything else.
    """
    if isinstance(rate, Schedule):
        return rate
    if isinstance(rate, (int, float)) and not isinstance(rate, bool):
        return Fixed(rate)
    if callable(rate):
        return FromFunction(rate)
    raise TypeError(f"learning_rate is a number, a function of the epoch or a Schedule; got {rate!r}")
