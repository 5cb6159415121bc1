"""The criterion of LeNet-5 against its formula, in penalties, and what it is next to cross-entropy."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


def formula(penalties, labels, j):
    """Equation 9 of the paper, one sample after the other."""
    rows = [p[t] + np.log(np.exp(-j) + np.exp(-p).sum()) for p, t in zip(penalties, labels, strict=True)]
    return np.mean(rows)


@pytest.mark.parametrize("j", [0.1, 1.0, 5.0, 40.0])
@pytest.mark.parametrize("classes", [2, 10, 40])
def test_it_is_equation_nine(j, classes):
    penalties = np.random.default_rng(0).uniform(0, 12, (7, classes))
    labels = np.random.default_rng(1).integers(0, classes, 7)
    loss = st.MaximumAPosteriori(j)
    value, dy = loss(st.tensor(-penalties), st.tensor(labels))
    assert float(value) == pytest.approx(formula(penalties, labels, j), rel=1e-12)
    for row, column in ((0, labels[0]), (3, 1), (6, 0)):
        moved = [penalties.copy(), penalties.copy()]
        moved[0][row, column] -= 1e-6
        moved[1][row, column] += 1e-6
        slope = (formula(moved[0], labels, j) - formula(moved[1], labels, j)) / 2e-6
        assert dy.numpy()[row, column] == pytest.approx(slope, abs=1e-7)


def test_wrong_classes_far_beyond_j_are_left_alone():
    penalties = np.array([[0.5, 60.0, 90.0]])
    _, dy = st.MaximumAPosteriori(1.0)(st.tensor(-penalties), st.tensor([0]))
    assert dy.numpy()[0, 0] < -0.3 and np.abs(dy.numpy()[0, 1:]).max() < 1e-20
    _, plain = st.CrossEntropy()(st.tensor(-penalties), st.tensor([0]))
    assert abs(plain.numpy()[0, 0]) < 1e-20  # without the class of rubbish nothing pulls at the right one


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_penalties_of_any_size_give_a_finite_loss(dtype):
    penalties = np.array([[1e4, 2e4], [0.0, 1e4]], dtype)
    value, dy = st.MaximumAPosteriori(2.0)(st.tensor(-penalties), st.tensor([0, 1]))
    assert float(value) == pytest.approx((1e4 - 2 + 1e4 + np.log1p(np.exp(-2.0))) / 2, rel=1e-6)
    assert np.isfinite(dy.numpy()).all()


def test_gradients_in_a_model():
    x, labels = np.random.default_rng(0).normal(size=(5, 6)), np.array([0, 1, 2, 2, 1])
    model = st.Sequential([st.Dense(4, activation="scaled_tanh"), st.RBF(3)], input_shape=6, seed=0)
    check = model.check_gradients(x, labels, st.MaximumAPosteriori(2.0))
    assert check.ok, check


def test_a_model_learns_by_it_and_the_nearest_code_is_the_class():
    x = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int) + 2 * (x[:, 1] > 0)
    layers = [st.Dense(units, activation="scaled_tanh") for units in (30, 20)]
    model = st.Sequential([*layers, st.RBF(4)], input_shape=2, seed=0)
    options = {"loss": st.MaximumAPosteriori(10), "optimizer": st.SGD(0.01, momentum=0.9), "verbose": 0}
    history = model.fit(x, y, epochs=40, seed=0, **options)
    assert history.accuracy[-1] > 0.95
    assert (model.predict(x).argmax(1) == y).mean() == model.evaluate(x, y).accuracy
    assert "exp(-10)" in repr(model.summary())


def test_what_is_refused():
    for j in (0, -1, float("inf")):
        with pytest.raises(ValueError, match="rubbish is above 0"):
            st.MaximumAPosteriori(j)
    with pytest.raises(ValueError, match='"mean" or "sum"'):
        st.MaximumAPosteriori(reduction="none")
    model = st.Sequential([st.Dense(3, activation="softmax")], input_shape=2)
    with pytest.raises(ValueError, match=r"takes negated penalties.*activation='softmax'"):
        model.evaluate(np.ones((2, 2)), [0, 1], loss=st.MaximumAPosteriori())
