"""The embedded digits: which they are, how they are split."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from strate.data import CLASS_NAMES, digits

IN_CLASS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_shapes_types_and_range():
    (x_train, y_train), (x_test, y_test) = digits()
    assert x_train.shape == (1437, 8, 8, 1) and x_test.shape == (360, 8, 8, 1)
    assert y_train.shape == (1437,) and y_test.shape == (360,)
    for x, y in ((x_train, y_train), (x_test, y_test)):
        assert x.dtype == np.float32 and y.dtype == np.int64
        assert x.min() == 0 and x.max() == 1
        assert x.flags.c_contiguous and x.flags.writeable
        assert np.array_equal(x * 16, np.rint(x * 16))
    assert len(CLASS_NAMES["digits"]) == 10


def test_the_split_is_stratified_within_one_image():
    (_, y_train), (_, y_test) = digits()
    train, test = np.bincount(y_train), np.bincount(y_test)
    assert (train + test).tolist() == IN_CLASS
    assert np.abs(test - np.array(IN_CLASS) * 360 / 1797).max() < 1


def test_the_two_parts_are_disjoint_and_hold_all_images():
    (x_train, _), (x_test, _) = digits()
    train = {image.tobytes() for image in x_train}
    test = {image.tobytes() for image in x_test}
    assert not train & test
    assert len(train) + len(test) == 1797  # so no image is in the data set twice either


def test_the_split_is_the_published_one():
    """Fixed for good: accuracies are compared across versions."""
    sums = [hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()[:16] for x, y in digits()]
    assert sums == ["d3016bcd080c51f1", "91d6f9fec853c9d0"]


def test_first_image_of_the_published_file():
    (_, y_train), (x_test, y_test) = digits()
    first = [0, 0, 5, 13, 9, 1, 0, 0]
    assert y_test[0] == 0 and (x_test[0, 0, :, 0] * 16).tolist() == first
    assert y_train[:10].tolist() == [1, 3, 5, 6, 7, 8, 9, 0, 1, 2]
    assert y_test[:10].tolist() == [0, 2, 4, 7, 1, 6, 8, 9, 5, 3]


def test_bytes_are_the_same_images():
    (x_train, y_train), _ = digits()
    (bytes_train, bytes_y), _ = digits(dtype="uint8")
    assert bytes_train.dtype == np.uint8 and np.array_equal(y_train, bytes_y)
    assert np.abs(bytes_train / 255 - x_train).max() <= 0.5 / 255 + 1e-7


def test_another_dtype_is_refused():
    with pytest.raises(ValueError, match=r'\[digits\] dtype is "float32" or "uint8"; got \'float64\''):
        digits(dtype="float64")


def test_callers_do_not_share_arrays():
    (first, _), _ = digits()
    first[:] = 7
    assert digits()[0][0].max() == 1
