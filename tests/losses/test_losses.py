"""Losses as models use them: formulas for people, targets checked once, classes of the user's own."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from strate import losses


@pytest.mark.parametrize(
    ("loss", "activation", "text"),
    [
        (st.SquaredError(), "identity", "J = 1/2 sum_i (y_i - t_i)^2, mean over samples"),
        (st.SquaredError(1.0, "sum"), "identity", "J = sum_i (y_i - t_i)^2, sum over samples"),
        (st.SquaredError(0.25), "tanh", "J = 0.25 sum_i (y_i - t_i)^2, mean over samples"),
        (
            st.CrossEntropy(),
            "softmax",
            "J = -sum_i t_i log y_i, mean over samples; with the softmax output, dz = y - t",
        ),
        (
            st.CrossEntropy([1, 2], 0.1, 7, "sum"),
            "identity",
            "J = -sum_i t_i log softmax(y)_i, sum over samples, t smoothed by 0.1, weighted by class, "
            "class 7 ignored; the outputs y are logits",
        ),
    ],
)
def test_formulas_name_factor_and_reduction(loss, activation, text):
    assert loss.describe(activation) == text


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_squared_error(factor, reduction):
    y, t = np.random.default_rng(0).normal(size=(2, 6, 3))
    value, dy = st.SquaredError(factor, reduction)(st.tensor(y), st.tensor(t))
    samples = 6 if reduction == "mean" else 1
    assert float(value) == pytest.approx(factor * ((y - t) ** 2).sum() / samples)
    assert np.allclose(dy.numpy(), 2 * factor * (y - t) / samples)


@pytest.mark.parametrize(
    "options", [{}, {"label_smoothing": 0.2}, {"class_weight": [1, 3, 0.5]}, {"reduction": "sum"}]
)
def test_class_indices_and_one_hot_agree(options):
    z, labels = np.random.default_rng(0).normal(size=(6, 3)), np.array([0, 1, 2, 2, 1, 0])
    loss = st.CrossEntropy(**options)
    by_index = loss(st.tensor(z), st.tensor(labels))
    by_vector = loss(st.tensor(z), st.tensor(np.eye(3)[labels]))
    assert float(by_index[0]) == pytest.approx(float(by_vector[0]), rel=1e-12)
    assert np.allclose(by_index[1].numpy(), by_vector[1].numpy())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: st.SquaredError(0), "factor is above 0"),
        (lambda: st.SquaredError(reduction="none"), '"mean" or "sum"'),
        (lambda: st.CrossEntropy(label_smoothing=1), "0 <= label_smoothing < 1"),
        (lambda: st.CrossEntropy(class_weight=[1, -1]), "weights are 0 or more"),
        (lambda: st.CrossEntropy(reduction="average"), '"mean" or "sum"'),
        (lambda: st.CrossEntropy(class_weight=[1]).prepare([0], (3,), "float32"), "1 values for 3 classes"),
        (
            lambda: st.SquaredError().prepare(np.zeros((2, 4, 4, 1), np.uint8), (4, 4, 1), "float32"),
            "uint8 targets .* look like images",
        ),
        (lambda: losses.get("mse"), "loss is one of .*cross_entropy, .*squared_error"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_labels_are_checked_but_not_where_ignored():
    loss = st.CrossEntropy(ignore_index=-100)
    assert loss.prepare([0, -100, 2], (3,), "float32").tolist() == [0, -100, 2]
    with pytest.raises(ValueError, match=r"target\[1\]=-1"):
        loss.prepare([0, -1, 2], (3,), "float32")


def test_weights_of_batches():
    labels = st.tensor(np.array([0, 1, 1, 9]))
    assert st.CrossEntropy().weight(labels) == 4
    assert st.CrossEntropy(ignore_index=9).weight(labels) == 3
    assert st.CrossEntropy([1, 10], ignore_index=9).weight(labels) == 21
    assert st.CrossEntropy([1, 10]).weight(st.tensor([[0.5, 0.5], [1.0, 0.0]])) == pytest.approx(6.5)


class Absolute(st.Loss):
    formula = "J = sum_i |y_i - t_i|, mean over samples"

    def __call__(self, y, target):
        difference = y.numpy() - target.numpy()
        return abs(difference).sum() / len(difference), np.sign(difference) / len(difference)


def test_a_loss_of_ones_own():
    x = np.random.default_rng(0).normal(size=(40, 3))
    model = st.Sequential([st.Dense(3)], seed=0)
    options = {"loss": Absolute(), "optimizer": st.SGD(0.3), "epochs": 30, "verbose": 0}
    history = model.fit(x, 2 * x, **options)
    assert history.loss[-1] < 0.3 * history.loss[0]
    assert set(history.curves) == {"loss", "learning_rate", "seconds"}
    assert "Loss: J = sum_i |y_i - t_i|" in repr(model.summary())
    assert model.check_gradients(x[:4], x[:4], Absolute()).ok


def test_a_loss_whose_gradient_has_the_wrong_shape():
    class Wrong(st.Loss):
        def __call__(self, y, target):
            return 0.0, np.zeros(3)

    model = st.Sequential([st.Dense(3)], seed=0)
    with pytest.raises(
        ValueError, match=r"Wrong returns a gradient in the shape of y, \(4, 3\); got shape=\(3,\)"
    ):
        model.fit(np.ones((4, 2)), np.ones((4, 3)), loss=Wrong(), optimizer=st.SGD(0.1), epochs=1, verbose=0)
