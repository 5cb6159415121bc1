"""Shapes as people write them: 28x28x1."""

from __future__ import annotations

from math import prod
from operator import index

__all__ = ["batch", "elements", "shape_of", "text"]


def text(shape: tuple[int, ...]) -> str:
    """`(28, 28, 1)` as "28x28x1".

    >>> from strate.shapes import text
    >>> text((28, 28, 1)), text((10,)), text(())
    ('28x28x1', '10', 'a number')
    """
    return "x".join(map(str, shape)) if shape else "a number"


def batch(shape: tuple[int, ...]) -> str:
    """The shape of a batch of `(28, 28, 1)` as "(N, 28, 28, 1)".

    >>> from strate.shapes import batch
    >>> batch((28, 28, 1)), batch(())
    ('(N, 28, 28, 1)', '(N)')
    """
    return f"({', '.join(map(str, ('N', *shape)))})"


def elements(shape: tuple[int, ...]) -> int:
    """How many numbers a shape holds."""
    return prod(shape)


def shape_of(value, what: str = "input_shape") -> tuple[int, ...]:
    """A number or a sequence of numbers as a tuple of positive integers.

    Raises:
        TypeError: something that is not a whole number.
        ValueError: a size below 1.
    """
    try:
        sizes = (index(value),) if not isinstance(value, (tuple, list)) else tuple(index(v) for v in value)
    except TypeError:
        raise TypeError(f"{what} is a number or a tuple of whole numbers; got {what}={value!r}") from None
    if any(size < 1 for size in sizes):
        raise ValueError(f"{what}: every size is at least 1; got {what}={value!r}")
    return sizes
