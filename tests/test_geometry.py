"""Windows over images: the arithmetic, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from strate.geometry import output_size, padding_of, pair, sides_for


@pytest.mark.parametrize(
    ("padding", "sides"),
    [
        (0, (0, 0, 0, 0)),
        (2, (2, 2, 2, 2)),
        ((1, 2), (1, 1, 2, 2)),
        (((0, 1), (2, 3)), (0, 1, 2, 3)),
        ([[0, 1], [2, 3]], (0, 1, 2, 3)),
        ("valid", (0, 0, 0, 0)),
        (np.int64(1), (1, 1, 1, 1)),
    ],
)
def test_padding_in_all_its_forms(padding, sides):
    assert padding_of(padding) == sides


@pytest.mark.parametrize("padding", [-1, (1, 2, 3), "full", 1.5, ((1, 2), (3, -4)), ((1, 2), (3,)), None])
def test_padding_that_is_refused(padding):
    with pytest.raises((ValueError, TypeError), match="padding"):
        padding_of(padding)


@pytest.mark.parametrize("length", range(1, 12))
@pytest.mark.parametrize("window", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_gives_one_output_per_stride_and_the_odd_pixel_last(length, window, stride, dilation):
    windows, strides, dilations = (window, window), (stride, stride), (dilation, dilation)
    sides = sides_for("same", (length, length), windows, strides, dilations)
    assert 0 <= sides[1] - sides[0] <= 1
    assert sides[2:] == sides[:2]
    assert (
        output_size("kernel", (length, length, 1), windows, strides, sides, dilations)
        == (-(-length // stride),) * 2
    )


def test_same_in_a_layer():
    layer = st.Conv2D(1, 2, padding="same", init="zeros").initialize((3, 3, 1))
    layer.weight = np.array([1, 2, 3, 4]).reshape(1, 2, 2, 1)
    y = layer(np.ones((1, 3, 3, 1))).numpy()[0, :, :, 0]
    assert y.tolist() == [[10, 10, 4], [10, 10, 4], [3, 3, 1]]


@pytest.mark.parametrize("value", [0, -1, (1, 0), "2", 1.0, (1, 2, 3), None, 2**20 + 1, (1, 2**70)])
def test_pairs_that_are_refused(value):
    with pytest.raises((ValueError, TypeError), match="window"):
        pair("window", value)
