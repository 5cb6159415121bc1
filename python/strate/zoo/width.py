"""The width of a network: one factor on all its numbers of maps and units."""

from __future__ import annotations

from math import isfinite


def scaled(count: int, width: float, multiple: int = 1) -> int:
    """`count` maps or units times `width`, to the nearest multiple of `multiple`, at least one of it.

    Raises:
        ValueError: a width that is not above 0.

    >>> from strate.zoo.width import scaled
    >>> scaled(64, 0.25), scaled(6, 0.1), scaled(96, 0.3, multiple=2)
    (16, 1, 28)
    """
    if isinstance(width, bool) or not (isfinite(width) and width > 0):
        raise ValueError(f"width is a number above 0; got width={width!r}")
    return multiple * max(1, round(count * width / multiple))
