"""Geometry of the pooling tests: the cases, and the windows one by one in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from harness import Case, normal
from strate import _core

golden = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], np.float32).reshape(1, 4, 4, 1)


@dataclass(frozen=True)
class Window:
    """Settings of a pooling op, as the binding takes them."""

    window: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    ceil: bool = False
    count_padding: bool = False


def pool(w: Window) -> _core.Pool2d:
    """The engine's settings object."""
    return _core.Pool2d(w.window, w.stride, w.padding, w.dilation, w.ceil, w.count_padding)


def length(size: int, w: Window, axis: int) -> int:
    """Windows along an axis, counted one by one."""
    before, after = w.padding[2 * axis : 2 * axis + 2]
    span = w.dilation[axis] * (w.window[axis] - 1) + 1
    count = 0
    while True:
        start = count * w.stride[axis] - before
        fits = start + span <= size + after
        reaches = w.ceil and start < size and start - w.stride[axis] + span < size + after
        if not (fits or reaches):
            return count
        count += 1


def windows(shape: tuple[int, ...], w: Window) -> Iterator[tuple]:
    """For each window: image, row, column, and the rows, columns and places of the pixels that it sees."""
    n_images, height, width, _ = shape
    for n in range(n_images):
        for i in range(length(height, w, 0)):
            for j in range(length(width, w, 1)):
                seen = [
                    (p, q, a * w.window[1] + b)
                    for a in range(w.window[0])
                    for b in range(w.window[1])
                    if 0 <= (p := i * w.stride[0] - w.padding[0] + a * w.dilation[0]) < height
                    and 0 <= (q := j * w.stride[1] - w.padding[2] + b * w.dilation[1]) < width
                ]
                rows, columns, places = (list(t) for t in zip(*seen, strict=True))
                yield n, i, j, rows, columns, places


problems = {
    "2x2": ((2, 6, 8, 5), Window((2, 2), (2, 2))),
    "2x2-odd-image": ((2, 7, 5, 3), Window((2, 2), (2, 2))),
    "2x2-odd-windows": ((2, 4, 15, 6), Window((2, 2), (2, 2))),
    "2x2-two-to-a-register": ((2, 4, 10, 8), Window((2, 2), (2, 2))),
    "2x2-registers": ((1, 4, 4, 37), Window((2, 2), (2, 2))),
    "2x2-one-channel": ((3, 6, 6, 1), Window((2, 2), (2, 2))),
    "2x2-padded": ((1, 5, 5, 4), Window((2, 2), (2, 2), (1, 0, 0, 1))),
    "2x2-ceil": ((1, 5, 7, 18), Window((2, 2), (2, 2), ceil=True)),
    "overlapping": ((2, 9, 7, 4), Window((3, 3), (2, 2))),
    "overlapping-padded": ((2, 7, 7, 17), Window((3, 3), (2, 2), (1, 1, 1, 1))),
    "overlapping-ceil": ((1, 6, 8, 3), Window((3, 3), (2, 2), ceil=True)),
    "padded-ceil": ((1, 6, 8, 3), Window((3, 2), (2, 3), (1, 2, 1, 0), ceil=True)),
    "gaps": ((1, 8, 9, 2), Window((2, 2), (3, 4))),
    "stride-one": ((1, 5, 5, 6), Window((3, 3), (1, 1), (1, 1, 1, 1))),
    "dilated": ((1, 9, 8, 5), Window((3, 2), (2, 1), (0, 0, 0, 0), (2, 3))),
    "dilated-padded": ((1, 8, 9, 3), Window((3, 3), (2, 2), (2, 1, 1, 2), (2, 2))),
    "dilated-ceil": ((1, 8, 8, 3), Window((2, 2), (3, 3), (1, 1, 1, 1), (2, 2), ceil=True)),
    "global": ((2, 5, 4, 19), Window((5, 4), (5, 4))),
    "flat": ((1, 1, 12, 2), Window((1, 3), (1, 3))),
    "over-256-places": ((1, 18, 17, 2), Window((17, 17), (1, 1))),
    "over-256-places-packs": ((1, 18, 17, 8), Window((17, 17), (1, 1))),
    "dilated-padded-packs": ((2, 8, 9, 12), Window((3, 3), (2, 2), (2, 1, 1, 2), (2, 2))),
    "no-images": ((0, 6, 6, 3), Window((2, 2), (2, 2))),
    "no-channels": ((2, 6, 6, 0), Window((2, 2), (2, 2))),
    "many-rows": ((5, 24, 32, 8), Window((2, 2), (2, 2))),
    "many-rows-overlapping": ((4, 22, 30, 8), Window((3, 3), (2, 2), (1, 1, 1, 1))),
}


def geometries(count_padding: bool = False) -> list[Case]:
    """The cases of both pooling ops."""
    cases = []
    for name, (shape, window) in problems.items():
        w = replace(window, count_padding=count_padding)
        y = (shape[0], length(shape[1], w, 0), length(shape[2], w, 1), shape[3])
        name = name + "-counting-padding" * count_padding
        cases.append(Case(name, {"x": normal(*shape), "dy": normal(*y, seed=2)}, w))
    return cases


@st.composite
def any_problem(draw: st.DrawFn, count_padding: bool = False) -> Case:
    """A small image and a window that fits it, of any stride, padding, dilation and rounding."""
    small = st.integers(1, 4)
    window, stride, dilation = ((draw(small), draw(small)) for _ in range(3))
    ceil = draw(st.booleans())
    padding = tuple(draw(st.integers(0, window[side // 2] - 1)) for side in range(4))
    size = [max(1, d * (k - 1) + 1) + draw(st.integers(0, 6)) for k, d in zip(window, dilation, strict=True)]
    shape = (draw(st.integers(1, 2)), *size, draw(st.sampled_from([1, 3, 8, 17])))
    w = Window(window, stride, padding, dilation, ceil, count_padding)
    y = (shape[0], length(shape[1], w, 0), length(shape[2], w, 1), shape[3])
    return Case("drawn", {"x": normal(*shape), "dy": normal(*y, seed=2)}, w)
