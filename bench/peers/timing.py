"""Interleaved timing: the contestants take turns, so that a slow spell of the machine meets them all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def _block(step: Callable[[], object], seconds: float) -> list[float]:
    """Times of single calls, for about `seconds`."""
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def interleave(
    steps: dict[str, Callable[[], object]], *, rounds: int = 7, seconds: float = 0.4
) -> dict[str, dict]:
    """The median time of each step in milliseconds, over `rounds` turns of about `seconds` each.

    The figure of a contestant is the median over the rounds of each round's median; `low` and `high` are the
    smallest and the largest round.
    """
    for step in steps.values():
        _block(step, seconds / 2)
    rounds_of: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            time.sleep(0.05)  # lets the idle threads of the library before stop spinning
            rounds_of[name].append(statistics.median(_block(step, seconds)) * 1e3)
    return {
        name: {"ms": statistics.median(r), "low": min(r), "high": max(r)} for name, r in rounds_of.items()
    }
