"""Auxiliary heads: a loss of their own in training, nothing outside of it."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from branches import X, Y


def auxiliary_model(weight):
    head = st.Sequential([st.Flatten(), st.Dense(3, activation="softmax")])
    layers = [st.Conv2D(4, 3), st.Auxiliary(head, weight), st.Flatten(), st.Dense(3, activation="softmax")]
    return st.Sequential(layers, input_shape=(6, 6, 4), seed=1)


def test_an_auxiliary_head_adds_its_weighed_loss():
    model = auxiliary_model(0.3)
    own = model.evaluate(X, Y, loss="cross_entropy").loss
    hidden = model.layers[0](X)
    head = model.layers[1].head.forward(hidden).numpy()
    extra = -np.log(head[np.arange(6), Y]).mean()
    loss = model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.0))
    assert loss == pytest.approx(own + 0.3 * extra, rel=1e-6)


def test_an_auxiliary_head_is_not_run_outside_of_training():
    model = auxiliary_model(0.3)
    before = model.predict(X)
    model.layers[1].head.layers[1].weight = 7.0
    assert np.array_equal(model.predict(X), before)


def test_without_its_loss_an_auxiliary_head_gets_no_gradient():
    model = auxiliary_model(0.3)
    model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
    head = model.layers[1].head.layers[1]
    assert head.dweight.numpy().any()
    y = model(X, training=True)
    model.backward(y)
    assert not head.dweight.numpy().any()
    assert model.layers[0].dweight.numpy().any()


def test_a_head_that_is_frozen_stays():
    model = auxiliary_model(0.3)
    model.layers[1].trainable = False
    before = model.layers[1].head.layers[1].weight.numpy().copy()
    model.fit(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=2, verbose=0)
    assert np.array_equal(model.layers[1].head.layers[1].weight.numpy(), before)
