"""Bilinear resampling of images, with a triangle that widens when shrinking.

Along one axis of n pixels enlarged or shrunk to m, with r = n / m and s = max(r, 1):

    y[i] = sum_j a[i, j] x[j],    a[i, j] ~ max(0, 1 - |(j + 1/2) - (i + 1/2) r| / s),    sum_j a[i, j] = 1

Pixel i covers [i, i + 1), so corners are not aligned. Enlarging (s = 1), this is plain bilinear
interpolation with the border pixel repeated outwards; shrinking, each pixel averages all that it covers. The
same as Pillow's BILINEAR and PyTorch's interpolate(mode="bilinear", antialias=True). Rows first, then
columns, each as a sum of at most ceil(2 s) + 1 weighted copies, added one by one: no library of matrix
products that sums in its own order, so the same bits on every machine.
"""

from __future__ import annotations

import operator

import numpy as np


def resize(images: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Enlarges or shrinks images by bilinear resampling.

    Args:
        images: any real type; uint8 is scaled by 1/255, other values keep their scale.
        size: the new side in pixels, or (height, width).
    Shapes:
        images (N, H, W, C) -> float32 (N, height, width, C)
    Raises:
        ValueError: the images are not (N, H, W, C) with at least one pixel, or the size is not positive.

    >>> import numpy as np
    >>> from strate.data import resize
    >>> resize(np.array([[[[0.0], [1.0]]]]), (1, 4)).ravel().tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    images = np.asarray(images)
    height, width = size_pair(size)
    if images.ndim != 4 or 0 in images.shape[1:3]:
        raise ValueError(f"[resize] images are (N, H, W, C) with at least one pixel; got {images.shape}")
    if images.dtype.kind not in "buif":
        raise TypeError(f"[resize] images are real numbers; got dtype={images.dtype}")
    if images.dtype == np.uint8:
        x = np.divide(images, 255, dtype=np.float32)
    else:
        x = images.astype(np.float32, copy=False)
    return _resize_axis(_resize_axis(x, 1, height), 2, width)


def _resize_axis(x: np.ndarray, axis: int, size: int) -> np.ndarray:
    if x.shape[axis] == size:
        return x.copy() if axis == 1 else x  # the result never shares memory with what was passed in
    y = np.zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), np.float32)
    for source, weight in _taps(x.shape[axis], size):
        y += x.take(source, axis) * weight.reshape(-1, *[1] * (x.ndim - axis - 1))
    return y


def _taps(n: int, m: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each tap, which of the n pixels every one of the m new pixels reads, and its weight."""
    ratio = n / m
    reach = max(ratio, 1.0)
    centre = (np.arange(m) + 0.5) * ratio
    first = np.floor(centre - reach - 0.5).astype(np.int64) + 1
    pixels = first[:, None] + np.arange(int(np.ceil(2 * reach)) + 1)
    weights = np.maximum(0, 1 - np.abs(pixels + 0.5 - centre[:, None]) / reach)
    weights[(pixels < 0) | (pixels >= n)] = 0
    weights /= weights.sum(1, keepdims=True)
    columns = zip(np.clip(pixels, 0, n - 1).T, weights.T.astype(np.float32), strict=True)
    return [(source, weight) for source, weight in columns if weight.any()]


def size_pair(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = size if isinstance(size, tuple) else (size, size)
    height, width = operator.index(height), operator.index(width)
    if height < 1 or width < 1:
        raise ValueError(f"[resize] a size is at least one pixel; got {height}x{width}")
    return height, width
