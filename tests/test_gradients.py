"""The gradient check itself: it finds errors, keeps clear of kinks, and leaves the model as it was."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


class Skewed(st.Layer):
    """A dense layer whose backward is wrong by a factor in one place."""

    def __init__(self, wrong="dweight", by=1.0001):
        self.wrong, self.by = wrong, by

    def build(self, input_shape):
        self.parameter("weight", (3, *input_shape), init="he_normal")
        return (3,)

    def forward(self, x, training=False):
        if training:
            self.saved = x.numpy()
        return x.numpy() @ self.weight.numpy().T

    def backward(self, dy):
        x, dy = self.take_saved(), dy.numpy()
        self.dweight = dy.T @ x * (self.by if self.wrong == "dweight" else 1)
        return dy @ self.weight.numpy() * (self.by if self.wrong == "dx" else 1)


def data():
    generator = np.random.default_rng(0)
    return generator.normal(size=(4, 5)), generator.normal(size=(4, 3))


@pytest.mark.parametrize("wrong", ["dweight", "dx", "nothing"])
@pytest.mark.parametrize("by", [1.0001, 0.0, -1.0])
def test_errors_are_found_where_they_are(wrong, by):
    x, y = data()
    model = st.Sequential([Skewed(wrong, by), st.Tanh()], seed=0)
    check = model.check_gradients(x, y, "squared_error")
    guilty = {"dweight": {"0.weight"}, "dx": {"input"}, "nothing": set()}[wrong]
    assert {row.name for row in check.rows if row.error > 1e-6} == guilty
    assert check.ok is (not guilty)
    assert bool(check) is check.ok
    if guilty:
        assert check.worst.name in guilty
        assert check.errors[check.worst.name] == pytest.approx(abs(by - 1) / 1, rel=0.01)


def test_relu_and_pooling_at_their_kinks():
    x = np.zeros((2, 8, 8, 1))
    x[:, 2:4, 2:4] = 0.5
    layers = [st.Conv2D(4, 3, activation="relu"), st.MaxPool2D(2), st.Flatten(), st.Dense(3)]
    model = st.Sequential(layers, input_shape=(8, 8, 1), seed=0)
    check = model.check_gradients(x, [0, 1], "cross_entropy")
    assert check.ok, check
    assert all(row.samples > 0 for row in check.rows)


def test_kinks_are_left_out():
    class Kinked(st.Layer):
        """x + |x - c|, where c is the first x that it sees: the check stands on the kink."""

        center = None

        def forward(self, x, training=False):
            if self.center is None:
                self.center = x.numpy().copy()
            return x.numpy() + abs(x.numpy() - self.center)

        def backward(self, dy):
            return dy

    x, _ = data()
    check = st.Sequential([Kinked()], input_shape=5).check_gradients(x, x + 1, "squared_error")
    assert (check.rows[0].kinks, check.rows[0].samples) == (8, 0)
    assert not check.ok, "nothing was compared"
    assert "8 at kinks left out" in repr(check)


def test_the_model_is_left_as_it_was():
    x, y = data()
    model = st.Sequential([st.Dense(6, activation="relu"), st.Dropout(0.5), st.Dense(3)], seed=0)
    model.fit(x, y, loss="squared_error", optimizer=st.SGD(0.1, momentum=0.9), epochs=2, verbose=0, seed=0)
    model.layers[0].trainable = False
    theta, gradient = model.theta, model.gradient
    before = theta.numpy().copy(), gradient.numpy().copy(), model._buffers.steps
    check = model.check_gradients(x, y, "squared_error")
    assert check.ok, check
    assert {"0.weight", "0.bias"} <= set(check.errors)
    assert model.theta is theta
    assert model.gradient is gradient
    assert model.dtype == "float32"
    assert not model.layers[0].trainable
    assert np.array_equal(theta.numpy(), before[0])
    assert np.array_equal(gradient.numpy(), before[1])
    assert model._buffers.steps == before[2]
    assert model.layers[2].weight.dtype == "float32"
    assert all(layer.saved is None for layer in model.layers)


def test_a_deep_sigmoid_network_whose_gradients_vanish():
    layers = [layer for _ in range(10) for layer in (st.Dense(5, init="lecun_normal"), st.Sigmoid())]
    model = st.Sequential([*layers, st.Dense(3)], seed=0)
    x, y = data()
    check = model.check_gradients(x, y, "squared_error")
    assert check.ok, check


def test_losses_and_targets_of_all_kinds():
    x, _ = data()
    for loss, y in (
        (st.CrossEntropy([1, 2, 3], 0.1), [0, 1, 2, 1]),
        (st.CrossEntropy(ignore_index=1), [0, 1, 2, 1]),
        (st.CrossEntropy(reduction="sum"), np.eye(3)[[0, 1, 2, 1]]),
        (st.SquaredError(1.0, "sum"), np.ones((4, 3))),
    ):
        for activation in ("softmax", None):
            model = st.Sequential([st.Dense(3, activation=activation)], seed=0)
            check = model.check_gradients(x, y, loss)
            assert check.ok, check


def test_it_prints_itself():
    x, y = data()
    text = repr(st.Sequential([st.Dense(3)], seed=0).check_gradients(x, y, "squared_error", samples=3))
    lines = text.splitlines()
    assert lines[0].split() == ["gradient", "by", "largest", "error", "compared"]
    assert [line.split()[0] for line in lines[1:-1]] == ["input", "0.weight", "0.bias"]
    assert lines[-1] == "right (tolerance 1e-06)"
