"""Channels by constants that a saved model carries along."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

MEAN, DEVIATION = (0.5, 0.25, 0.125), (0.5, 2.0, 0.25)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values(dtype):
    x = np.random.default_rng(0).normal(size=(4, 5, 6, 3)).astype(dtype)
    y = st.Normalize(MEAN, DEVIATION)(x)
    assert y.dtype == dtype
    assert np.allclose(y.numpy(), (x - np.array(MEAN)) / DEVIATION, rtol=1e-5, atol=1e-6)


def test_one_number_for_all_channels():
    x = np.random.default_rng(0).normal(size=(4, 3))
    assert np.allclose(st.Normalize(0.5, 2)(x).numpy(), (x - 0.5) / 2)


def test_gradients():
    x, y = np.random.default_rng(0).normal(size=(4, 5, 5, 3)), np.arange(4) % 2
    layers = [st.Conv2D(3, 3), st.Normalize(MEAN, DEVIATION), st.Flatten(), st.Dense(2, "softmax")]
    assert st.Sequential(layers, seed=0).check_gradients(x, y, "cross_entropy")


def test_a_saved_model_carries_it(tmp_path):
    model = st.Sequential(
        [st.Normalize(MEAN, DEVIATION), st.Flatten(), st.Dense(2)], input_shape=(4, 4, 3), seed=0
    )
    x = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3)).astype(np.uint8)
    model.save(tmp_path / "model.safetensors")
    loaded = st.load(tmp_path / "model.safetensors")
    assert loaded.layers[0].mean == MEAN and loaded.layers[0].deviation == DEVIATION
    assert loaded.predict(x).tobytes() == model.predict(x).tobytes()


def test_backward_follows_forward():
    layer = st.Normalize(0.0, 1.0).initialize((3,))
    with pytest.raises(RuntimeError, match="backward follows one forward"):
        layer.backward(st.ones((1, 3)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: st.Normalize(0.0, 0.0), "deviation is above 0"),
        (lambda: st.Normalize(float("nan"), 1.0), "mean is finite, one number for each channel"),
        (lambda: st.Normalize([], 1.0), "mean is finite"),
        (lambda: st.Normalize((1, 2), 1.0)(st.ones((1, 3))), "mean has 2 numbers for 3 channels"),
        (lambda: st.Sequential([st.Normalize(0, (1, 2))], input_shape=3), "deviation has 2 numbers"),
        (lambda: st.Normalize(0, 1)(st.ones(3)), "needs an axis of channels"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
