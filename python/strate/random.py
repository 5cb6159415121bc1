"""Random numbers: Philox, counted, so that a seed and a place give the same number everywhere.

A stream is a number of its own sequence under one seed. Weights use the ordinal of their parameter
in the model; everything else starts far above, so that no two uses share a sequence.
"""

from __future__ import annotations

import os

from strate._core import normal, permutation, uniform

__all__ = ["fresh_seed", "normal", "permutation", "seed_of", "uniform"]

LAYERS = 1 << 20  # + ordinal of a layer: dropout
SHUFFLE = 1 << 24  # + epoch
SPLIT = 1 << 28  # validation split
SAMPLE = (1 << 28) + 1  # + ordinal: elements that check_gradients looks at
JITTER = 1 << 32  # + place in theta: how check_gradients moves weights


def fresh_seed() -> int:
    """A seed from the operating system, below 2^48: short enough to be copied by hand."""
    return int.from_bytes(os.urandom(6), "little")


def seed_of(seed: int | None) -> int:
    """`seed` checked, or a fresh one for None.

    Raises:
        ValueError: a seed below 0 or of 2^63 and more.
        TypeError: a seed that is not a whole number.
    """
    if seed is None:
        return fresh_seed()
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"a seed is a whole number or None; got seed={seed!r}")
    seed = seed.__index__()
    if not 0 <= seed < 1 << 63:
        raise ValueError(f"a seed lies in 0 ... 2^63 - 1; got seed={seed}")
    return seed
