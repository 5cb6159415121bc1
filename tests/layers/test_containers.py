"""Containers of the user's own: layers made of layers, in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


class OwnResidual(st.Layer):
    """y = x + f(x)."""

    def __init__(self, inner):
        self.inner = inner

    def children(self):
        return (self.inner,)

    def build(self, input_shape):
        output_shape = self.inner.declare(input_shape)
        if output_shape != input_shape:
            raise ValueError(f"the inner layer keeps the shape {input_shape}; got {output_shape}")
        return output_shape

    def forward(self, x, training=False):
        return x.numpy() + self.inner.forward(x, training).numpy()

    def backward(self, dy):
        return dy.numpy() + self.inner.backward(dy).numpy()


def network(**options):
    block = st.Sequential([st.Dense(6), st.Tanh(), st.Dropout(0.2), st.Dense(4)])
    return st.Sequential(
        [OwnResidual(block), OwnResidual(st.Dense(4, activation="relu")), st.Dense(3)], **options
    )


def data():
    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    return x, np.argmax(x[:, :3], 1)


def test_it_trains_saves_reloads_and_passes_the_gradient_check(tmp_path):
    x, y = data()
    model = network(seed=0)
    history = model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.2), epochs=30, verbose=0, seed=0)
    assert history.accuracy[-1] > 0.8
    check = model.check_gradients(x[:5], y[:5], "cross_entropy")
    assert check.ok, check
    assert set(check.errors) == {"input", *model.parameters()}
    assert "0.0.3.bias" in check.errors
    model.save(tmp_path / "m")
    twin = st.load(tmp_path / "m", layers=[OwnResidual])
    assert np.array_equal(twin.predict(x), model.predict(x))


def test_inner_layers_merge_but_never_across_the_container():
    rows = network(input_shape=4).summary().rows
    assert [row.layer for row in rows if row.fused] == ["Tanh (in 1.1.1)"]


def test_frozen_layers_below_the_first_trained_one_are_not_asked_for_dx():
    x, y = data()
    model = network(input_shape=4, seed=0)
    model.layers[0].trainable = False
    before = model.theta.numpy().copy()
    model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0)
    end = model.places()[4].begin
    assert np.array_equal(model.theta.numpy()[:end], before[:end])
    assert not np.array_equal(model.theta.numpy()[end:], before[end:])


def test_errors_name_the_place_inside():
    x, y = data()
    x[3, 1] = np.nan
    model = network(seed=0)
    with pytest.raises(st.NonFiniteError, match="the input holds NaN or infinity, first in row 3"):
        model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0)
    with pytest.raises(
        ValueError, match=r"layer 1 \(OwnResidual\): the inner layer keeps the shape \(4,\); got \(3,\)"
    ):
        st.Sequential([OwnResidual(st.Dense(3))], input_shape=4)
