"""Bilinear resampling against its formula, and against Pillow's, which is another implementation of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from strate.data import digits, resize


def matrix(n: int, m: int) -> np.ndarray:
    """The documented formula, one entry at a time."""
    ratio = n / m
    reach = max(ratio, 1.0)
    a = np.array(
        [[max(0.0, 1 - abs((j + 0.5) - (i + 0.5) * ratio) / reach) for j in range(n)] for i in range(m)]
    )
    return a / a.sum(1, keepdims=True)


sides = some.integers(1, 23)


@settings(max_examples=150)
@given(n=some.integers(0, 3), h=sides, w=sides, c=some.integers(1, 3), height=sides, width=sides)
def test_the_formula(n, h, w, c, height, width):
    x = np.random.default_rng(h * 100 + w).uniform(-1, 1, (n, h, w, c))
    y = resize(x, (height, width))
    expected = np.einsum("ih,jw,nhwc->nijc", matrix(h, height), matrix(w, width), x)
    assert y.dtype == np.float32 and y.shape == (n, height, width, c)
    assert np.allclose(y, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(28, 28), (5, 3), (20, 9), (100, 7), (1, 1)])
def test_the_same_as_pillow(size):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    x = np.random.default_rng(0).uniform(size=(13, 17)).astype(np.float32)
    expected = np.asarray(image.fromarray(x).resize(size[::-1], image.Resampling.BILINEAR))
    assert np.allclose(resize(x[None, :, :, None], size)[0, :, :, 0], expected, rtol=0, atol=1e-6)


def test_enlarged_digits_stay_in_range_and_keep_their_mean():
    (x, _), _ = digits()
    y = resize(x, 28)
    assert y.shape == (1437, 28, 28, 1)
    assert y.min() >= 0 and y.max() <= 1
    assert abs(y.mean() - x.mean()) < 1e-3


def test_by_hand():
    """8 to 28 pixels: a new pixel is 2/7 of an old one; the first two lie outside the first old centre."""
    ramp = np.arange(8, dtype=np.float32).reshape(1, 1, 8, 1)
    y = resize(ramp, (1, 28))[0, 0, :, 0]
    expected = np.clip((np.arange(28) + 0.5) * 8 / 28 - 0.5, 0, 7)
    assert np.allclose(y, expected, atol=1e-6)


@pytest.mark.parametrize("size", [1, 3, 7, 28])
def test_a_constant_stays_constant(size):
    assert np.allclose(resize(np.full((1, 9, 5, 2), 0.7), size), 0.7, atol=1e-6)


def test_the_same_size_gives_the_same_values_in_new_memory():
    x = np.random.default_rng(0).uniform(size=(2, 5, 6, 1)).astype(np.float32)
    y = resize(x, (5, 6))
    assert np.array_equal(x, y) and not np.shares_memory(x, y)


def test_bytes_are_scaled_and_strides_do_not_matter():
    x = np.arange(4 * 6 * 5, dtype=np.uint8).reshape(1, 4, 6, 5)
    assert np.allclose(resize(x, 7), resize(x / 255, 7), atol=1e-6)
    assert np.array_equal(resize(x[:, ::-1, ::2], 7), resize(x[:, ::-1, ::2].copy(), 7))


@pytest.mark.parametrize(
    "shape, size, message",
    [
        ((8, 8), 28, r"\[resize\] images are \(N, H, W, C\) with at least one pixel; got \(8, 8\)"),
        ((1, 0, 8, 1), 28, r"at least one pixel; got \(1, 0, 8, 1\)"),
        ((1, 8, 8, 1), 0, "a size is at least one pixel; got 0x0"),
        ((1, 8, 8, 1), (3, -1), "a size is at least one pixel; got 3x-1"),
    ],
)
def test_wrong_shapes_and_sizes(shape, size, message):
    with pytest.raises(ValueError, match=message):
        resize(np.zeros(shape), size)


@pytest.mark.parametrize(
    "images, size", [(np.zeros((1, 2, 2, 1), complex), 3), (np.zeros((1, 2, 2, 1)), 2.5)]
)
def test_wrong_types(images, size):
    with pytest.raises(TypeError):
        resize(images, size)
