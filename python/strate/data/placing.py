"""How the things of each data set stand in their images; a thing is float32 ink in [0, 1], cut out."""

from __future__ import annotations

import numpy as np

from strate.data.resize import resize, size_pair

MNIST_SIDE, MNIST_BOX = 28, 20
MNIST_CENTRE = 14.5  # of the pixel with index 14, where the centres of mass of MNIST's images lie
DOTS, BLOCK = 32, 4
DOTS_WIDTH = 20
INK_DOTS = 300  # of 1024: the mean of the embedded digits is 0.30, for every class within 0.02
STEEPEST = 1.0
SOLID = 0.3


def like_mnist(digit: np.ndarray) -> np.ndarray:
    """(28, 28): scaled to fit 20x20 without distortion, its centre of mass on that of pixel (14, 14)."""
    factor = MNIST_BOX / max(digit.shape)
    digit = _scaled(digit, round(digit.shape[0] * factor), round(digit.shape[1] * factor))
    image = np.zeros((MNIST_SIDE, MNIST_SIDE), np.float32)
    top, left = (_start(digit.sum(1 - axis)) for axis in (0, 1))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


def like_fashion_mnist(thing: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """(height, width): scaled to fit the image without distortion, in its middle (an odd pixel before it)."""
    height, width = size_pair(size)
    factor = min(height / thing.shape[0], width / thing.shape[1])
    thing = _scaled(thing, round(thing.shape[0] * factor), round(thing.shape[1] * factor))
    image = np.zeros((height, width), np.float32)
    top, left = (height - thing.shape[0] + 1) // 2, (width - thing.shape[1] + 1) // 2
    image[top : top + thing.shape[0], left : left + thing.shape[1]] = thing
    return image


def like_digits(digit: np.ndarray) -> np.ndarray:
    """(8, 8): what NIST's programs and UCI made of their digits.

    Cut to its solid ink (above 0.3), sheared until the leftmost ink of its first and last rows is in one
    column (by 45 degrees at most), scaled to 32 dots of height and at most 20 of width, each dot ink or not,
    thickened by a dot on all four sides as long as that brings it closer to 300 dots of ink, and counted in
    blocks of 4x4.
    """
    dots = _dots(cut_out(_upright(cut_out(digit, SOLID)), SOLID))
    while abs(int((thicker := _thickened(dots)).sum()) - INK_DOTS) < abs(int(dots.sum()) - INK_DOTS):
        dots = thicker
    side = DOTS // BLOCK
    counts = dots.reshape(side, BLOCK, side, BLOCK).sum((1, 3))
    return counts.astype(np.float32) / np.float32(BLOCK * BLOCK)


def cut_out(digit: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """The smallest box around all ink above the threshold."""
    ink = digit > threshold
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(digit: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resampled, with the ink that became fainter by it brought back to 1."""
    scaled = resize(digit[np.newaxis, :, :, np.newaxis], (max(1, height), max(1, width)))[0, :, :, 0]
    return np.clip(scaled / scaled.max(), 0, 1)


def _start(mass: np.ndarray) -> int:
    centre = (mass * (np.arange(len(mass)) + 0.5)).sum() / mass.sum()
    return int(np.clip(round(MNIST_CENTRE - centre), 0, MNIST_SIDE - len(mass)))


def _upright(digit: np.ndarray) -> np.ndarray:
    height, width = digit.shape
    if height == 1:
        return digit
    first, last = (int(np.argmax(row > row.max() / 2)) for row in (digit[0], digit[-1]))
    slope = np.clip((last - first) / (height - 1), -STEEPEST, STEEPEST)
    rows = np.arange(height)[:, np.newaxis]
    source = np.arange(-height, width + height) + slope * (rows - (height - 1) / 2)
    left = np.floor(source).astype(np.int64)
    part = (source - left).astype(np.float32)
    padded = np.pad(digit, ((0, 0), (1, 1)))
    near, far = (padded[rows, np.clip(left + 1 + step, 0, width + 1)] for step in (0, 1))
    return near + part * (far - near)


def _dots(digit: np.ndarray) -> np.ndarray:
    width = min(DOTS_WIDTH, round(DOTS * digit.shape[1] / digit.shape[0]))
    scaled = _scaled(digit, DOTS, width) > 0.5
    dots = np.zeros((DOTS, DOTS), bool)
    left = (DOTS - scaled.shape[1]) // 2
    dots[:, left : left + scaled.shape[1]] = scaled
    return dots


def _thickened(dots: np.ndarray) -> np.ndarray:
    result = dots.copy()
    result[1:] |= dots[:-1]
    result[:-1] |= dots[1:]
    result[:, 1:] |= dots[:, :-1]
    result[:, :-1] |= dots[:, 1:]
    return result
