"""The width of a network: one factor on all its numbers of maps and units."""

from __future__ import annotations

from math import isfinite
from numbers import Real


def scaled(count: int, width: float, multiple: int = 1) -> int:
    """`count` maps or units times `width`, to the nearest multiple of `multiple`, at least one of it.

    Raises:
        ValueError: a width that is no number above 0, a count below 1.

    >>> from strate.zoo.width import scaled
    >>> scaled(64, 0.25), scaled(6, 0.1), scaled(96, 0.3, multiple=2)
    (16, 1, 28)
    """
    if isinstance(width, bool) or not (isinstance(width, Real) and isfinite(width) and width > 0):
        raise ValueError(f"width is a number above 0; got width={width!r}")
    if count < 1:
        raise ValueError(f"maps and units are at least 1; got {count}")
    return multiple * max(1, round(count * width / multiple))
