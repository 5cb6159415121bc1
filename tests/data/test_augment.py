"""Random changes of training images: where they happen, and that they follow the seed."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


class Recorder(st.Layer):
    """Keeps every batch that it is shown in training, and whether it was one."""

    def __init__(self):
        self.learnt, self.judged = [], []

    def forward(self, x, training=False):
        (self.learnt if training else self.judged).append(x.numpy().copy())
        return x

    def backward(self, dy):
        return dy


def seen(x, seed=3, epochs=2, augment=None, **options):
    recorder = Recorder()
    model = st.Sequential([recorder, st.Flatten(), st.Dense(2)], seed=0)
    y = np.zeros(len(x), np.int64)
    fixed = {"loss": "cross_entropy", "optimizer": st.SGD(1e-9), "verbose": 0, "shuffle": False}
    model.fit(x, y, epochs=epochs, seed=seed, augment=augment, **fixed, **options)
    return recorder


def images(dtype=np.uint8):
    return np.random.default_rng(0).integers(1, 256, (40, 6, 5, 3)).astype(dtype)


def test_every_image_is_flipped_or_moved_from_its_own_pixels():
    x = images()
    batches = seen(x, augment=st.data.Augment(flip=True, shift=1)).learnt
    kinds = set()
    for image, was in zip(np.concatenate(batches[:1]), x / np.float32(255), strict=True):
        found = [
            (flip, down, right)
            for flip in (False, True)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if np.allclose(image, moved(was[:, ::-1] if flip else was, down, right))
        ]
        assert len(found) == 1
        kinds.add(found[0])
    assert len(kinds) > 8


def moved(image, down, right):
    wide = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    return wide[1 - down : 1 - down + image.shape[0], 1 - right : 1 - right + image.shape[1]]


def test_epochs_differ_and_seeds_repeat():
    augment = st.data.Augment(shift=2)
    first, again, other = (seen(images(), seed, augment=augment).learnt for seed in (3, 3, 4))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], other[0])


def test_the_batch_does_not_matter():
    augment = st.data.Augment(shift=2)
    whole = np.concatenate(seen(images(), epochs=1, augment=augment, batch_size=40).learnt)
    parts = np.concatenate(seen(images(), epochs=1, augment=augment, batch_size=7).learnt)
    assert np.array_equal(whole, parts)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64])
def test_any_real_data(dtype):
    scale = 255 if dtype == np.uint8 else 1
    x = images(dtype)
    batch = seen(x, epochs=1, augment=st.data.Augment(flip=False)).learnt[0]
    assert batch.dtype == np.float32 and np.allclose(batch, x / scale)


def test_what_is_judged_stays_as_it_is():
    x = images(np.float32)
    fixed = seen(x, augment=st.data.Augment(shift=2), validation_data=(x, np.zeros(40, np.int64)))
    assert np.array_equal(np.concatenate(fixed.judged[:1]), x)
    split = seen(x, augment=st.data.Augment(shift=2), validation_split=0.25)
    known = {image.tobytes() for image in x}
    assert all(image.tobytes() in known for image in split.judged[0])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: st.data.Augment(shift=-1), ValueError, "shift is a whole number of pixels"),
        (lambda: st.data.Augment(shift=0.5), ValueError, "shift is a whole number of pixels"),
        (lambda: seen(images(), augment=st.data.Augment(shift=5)), ValueError, "6x5 cannot move by shift=5"),
        (lambda: seen(np.ones((4, 3)), augment=st.data.Augment()), ValueError, r"augment changes images"),
        (lambda: seen(images(), augment="flip"), TypeError, "augment is a st.data.Augment"),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
