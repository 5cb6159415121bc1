"""What this machine can do, measured in this run: every row's bound is made of these two figures.

The peak is the best float32 product of square matrices that strate or PyTorch makes on one core, times the
cores: short runs that other work on the machine does not meet, and no compiler needed. It is some per cent
below what the arithmetic units could do.
"""

from __future__ import annotations

import functools
import math
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

import strate as st

from . import machine

SIDES = (256, 512)
LARGE = 400 << 20  # bytes of both arrays of a copy that no cache holds
SMALL = 1 << 20  # below this, starting a copy would count


def _best_seconds(work, tries: int = 8, seconds: float = 0.5) -> float:
    """The shortest of several calls: a peak is what the machine can do, not what it did beside others."""
    best, end = math.inf, time.perf_counter() + seconds
    while tries > 0 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best, tries = min(best, time.perf_counter() - start), tries - 1
    return best


def _best_product() -> float:
    best = 0.0
    for side in SIDES:
        a, b = (np.random.default_rng(seed).normal(size=(side, side)).astype("float32") for seed in (0, 1))
        ours = st.tensor(a), st.tensor(b).transpose((1, 0))  # as a layer keeps its weights
        theirs = torch.from_numpy(a), torch.from_numpy(b)
        for product in (lambda: st.ops.dense_forward(*ours), lambda: torch.mm(*theirs)):  # noqa: B023
            best = max(best, side**3 / _best_seconds(product))
    return best


@functools.cache
def peak() -> float:
    """Multiply-adds a second: the best product of one core, times the cores."""
    threads = st.num_threads(), torch.get_num_threads()
    st.set_num_threads(1)
    torch.set_num_threads(1)
    try:
        return machine.cores() * _best_product()
    finally:
        st.set_num_threads(threads[0])
        torch.set_num_threads(threads[1])


@functools.cache
def copy_rate(working_set: int = LARGE) -> float:
    """Bytes read plus bytes written a second by a copy with all cores.

    Args:
        working_set: bytes of both arrays together. Data that fit a cache come faster, in a bound as well.
    """
    count = machine.cores()
    elements = max(SMALL, min(working_set, LARGE)) // (2 * 4 * count)
    parts = [np.zeros((2, elements), "float32") for _ in range(count)]
    turns = max(1, LARGE // (2 * 4 * count * elements * 4))

    def copy(part: np.ndarray) -> None:
        for _ in range(turns):
            np.copyto(part[1], part[0])

    with ThreadPoolExecutor(count) as pool:
        seconds = _best_seconds(lambda: list(pool.map(copy, parts)))
    return turns * count * 2 * 4 * elements / seconds
