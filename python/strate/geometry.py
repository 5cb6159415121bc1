"""Windows over images: sizes, strides and padding as users write them, checked."""

from __future__ import annotations

from operator import index
from typing import NamedTuple

MOST = 1 << 20  # pixels: so far, all arithmetic fits 64 bits

Pair = tuple[int, int]
Sides = tuple[int, int, int, int]  # top, bottom, left, right


class Field(NamedTuple):
    """What one output sees of the image: a window of `size` pixels; the neighbour's is `jump` further on."""

    size: Pair = (1, 1)
    jump: Pair = (1, 1)

    def through(self, window: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Field:
        """What an output of a window over such outputs sees."""
        span = spans(window, dilation)
        size = tuple(s + (n - 1) * j for s, n, j in zip(self.size, span, self.jump, strict=True))
        return Field(size, tuple(j * n for j, n in zip(self.jump, stride, strict=True)))


def pair(what: str, value, least: int = 1) -> Pair:
    """A number or (height, width) as two whole numbers, each at least `least`."""
    try:
        sides = (
            (index(value),) * 2 if not isinstance(value, (tuple, list)) else tuple(index(v) for v in value)
        )
    except TypeError:
        sides = ()
    if len(sides) != 2:
        raise TypeError(f"{what} is a whole number or (height, width); got {what}={value!r}")
    if min(sides) < least:
        raise ValueError(f"{what} is at least {least}; got {what}={value!r}")
    if max(sides) > MOST:
        raise ValueError(f"{what} is at most {MOST}; got {what}={value!r}")
    return sides


def padding_of(value) -> Sides | str:
    """Padding as four sides, or "same", which needs the size of the image first.

    A number pads every side; (h, w) top and bottom by h, left and right by w;
    ((top, bottom), (left, right)) each side by its own number; "valid" not at all.
    """
    if isinstance(value, str):
        if value not in ("same", "valid"):
            raise ValueError(f'padding by name is "same" or "valid"; got padding={value!r}')
        return value if value == "same" else (0, 0, 0, 0)
    if (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(v, (tuple, list)) for v in value)
    ):
        return pair("padding", value[0], 0) + pair("padding", value[1], 0)
    height, width = pair("padding", value, 0)
    return height, height, width, width


def sides_for(padding: Sides | str, size: Pair, window: Pair, stride: Pair, dilation: Pair) -> Sides:
    """The four sides for an image of this size; "same" puts the odd pixel last."""
    if padding != "same":
        return padding
    sides: tuple[int, ...] = ()
    for length, span, step in zip(size, spans(window, dilation), stride, strict=True):
        total = max(0, (-(-length // step) - 1) * step + span - length)
        sides += (total // 2, total - total // 2)
    return sides


def spans(window: Pair, dilation: Pair) -> Pair:
    """Pixels from the first to the last that a dilated window covers, both counted."""
    return (window[0] - 1) * dilation[0] + 1, (window[1] - 1) * dilation[1] + 1


def output_size(
    what: str, shape: tuple[int, ...], window: Pair, stride: Pair, sides: Sides, dilation: Pair
) -> Pair:
    """floor((H + top + bottom - span) / stride) + 1, and the same across.

    Args:
        what: "kernel" or "window", for the message.
        shape: (H, W, C).
    Raises:
        ValueError: the window does not fit the padded image.
    """
    height, width = shape[0] + sides[0] + sides[1], shape[1] + sides[2] + sides[3]
    span = spans(window, dilation)
    if span[0] > height or span[1] > width:
        dilated = (
            f" (dilation {dilation[0]}x{dilation[1]}: {span[0]}x{span[1]})" if dilation != (1, 1) else ""
        )
        raise ValueError(
            f"a {window[0]}x{window[1]} {what}{dilated} does not fit "
            f"{'x'.join(map(str, shape))} (padding {padding_text(sides)})"
        )
    return (height - span[0]) // stride[0] + 1, (width - span[1]) // stride[1] + 1


def image(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """`shape` if it is that of an image, (H, W, C)."""
    if len(shape) != 3:
        got = "x".join(map(str, shape)) or "a number"
        hint = ": a grey image has 1 channel, Reshape((H, W, 1))" if len(shape) == 2 else ""
        raise ValueError(f"images are height x width x channels; got {got}{hint}")
    return shape


def padding_text(sides: Sides) -> str:
    """Padding in few words: 2, or top 0 bottom 1 left 0 right 1."""
    if len(set(sides)) == 1:
        return str(sides[0])
    return "top {} bottom {} left {} right {}".format(*sides)


def written(padding):
    """Padding as the constructor takes it."""
    return padding if padding == "same" else (padding[:2], padding[2:])
