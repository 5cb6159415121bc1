"""Timing of work that is queued: as often as a turn takes, then one wait."""

from __future__ import annotations

import time
from collections.abc import Callable

import strate as st
from peers.timing import interleave

Work = Callable[[], object]
WAIT_EVERY = 0.02  # seconds of work between two waits, so that a wait does not count


def milliseconds(works: dict[str, tuple[Work, Work]], *, tiny: bool) -> dict[str, dict]:
    """The median time of each work, over rounds in which all take turns.

    Args:
        works: by name, what queues the work and what waits for it.
    """
    counts = {name: 1 if tiny else _count(*work) for name, work in works.items()}
    turns = {name: _turn(*work, counts[name]) for name, work in works.items()}
    found = interleave(turns, rounds=1 if tiny else 7, seconds=0.0 if tiny else 0.4)
    return {name: {kind: ms / counts[name] for kind, ms in times.items()} for name, times in found.items()}


def ours(work: Work) -> tuple[Work, Work]:
    """Work of strate, and how one waits for it."""
    return work, st.cuda.synchronize


def _turn(work: Work, wait: Work, count: int) -> Work:
    def turn() -> None:
        for _ in range(count):
            work()
        wait()

    return turn


def _count(work: Work, wait: Work) -> int:
    """How often the work is queued before one waits."""
    for _ in range(3):  # compiles, records, tries algorithms
        work()
    wait()
    start = time.perf_counter()
    for _ in range(5):
        work()
    wait()
    return max(1, round(WAIT_EVERY / ((time.perf_counter() - start) / 5)))
