"""Padding that a mask leaves out: the same loss, gradients and metrics as without it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import strate as st

WORDS, TAGS, TIME = 9, 3, 5
CELLS = {"rnn": st.RNN, "lstm": st.LSTM, "gru": st.GRU}


def tagger(time, cell="gru", **options):
    layers = [
        st.Embedding(WORDS, 4, mask_zero=True),
        CELLS[cell](6, return_sequences=True),
        st.Dense(TAGS, activation="softmax"),
    ]
    return st.Sequential(layers, input_shape=time, seed=3, dtype="float64", **options)


def sentences():
    random = np.random.default_rng(0)
    return random.integers(1, WORDS, (4, TIME)), random.integers(0, TAGS, (4, TIME))


def padded(array, value=0):
    return np.concatenate([array, np.full((len(array), 3), value)], 1)


class Weighed(st.Loss):
    """A loss of the user's own, which knows nothing of masks."""

    def __call__(self, y, target):
        difference = y.numpy() - target.numpy()
        return (difference**2).sum() / len(y), 2 * difference / len(y)


LOSSES = {
    "labels": ("cross_entropy", lambda y: y),
    "one-hot": ("cross_entropy", lambda y: np.eye(TAGS)[y]),
    "weights": (st.CrossEntropy(class_weight=[1, 2, 0.5], label_smoothing=0.1), lambda y: y),
    "ignored": (st.CrossEntropy(ignore_index=1), lambda y: y),
    "sum": (st.CrossEntropy(reduction="sum"), lambda y: y),
    "squares": ("squared_error", lambda y: np.eye(TAGS)[y]),
    "own": (Weighed(), lambda y: np.eye(TAGS)[y]),
}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", LOSSES)
def test_padding_changes_nothing(cell, name):
    loss, as_target = LOSSES[name]
    (x, y), found = sentences(), []
    for model, words, tags in (
        (tagger(TIME, cell), x, y),
        (tagger(TIME + 3, cell), padded(x), padded(y, 2)),
    ):
        value = model.train_on_batch(words, as_target(tags), loss=loss, optimizer=st.SGD(0.1))
        scores = model.evaluate(words, as_target(tags), batch_size=3)
        found.append((value, scores, model.gradient.numpy().copy(), model.theta.numpy().copy()))
    (value, scores, gradient, theta), (padded_value, padded_scores, padded_gradient, padded_theta) = found
    assert padded_value == pytest.approx(value, rel=1e-12)
    assert padded_scores == pytest.approx(scores, rel=1e-12)
    np.testing.assert_allclose(padded_gradient, gradient, rtol=0, atol=1e-12)
    np.testing.assert_allclose(padded_theta, theta, rtol=0, atol=1e-12)


def test_metrics_leave_padding_out():
    x, y = np.array([[3, 4, 0, 0], [5, 0, 0, 0]]), np.array([[0, 1, 0, 0], [2, 0, 0, 0]])
    model = tagger(4)
    right = model.predict(x).argmax(-1) == y
    seen = []
    own = lambda y, target: seen.append((y.shape, target.shape)) or 0  # noqa: E731
    scores = model.evaluate(x, y, loss="cross_entropy", metrics=["accuracy", own])
    assert scores.accuracy == pytest.approx(right[x != 0].mean())
    assert seen == [((3, TAGS), (3,))]


def test_the_mean_is_over_the_positions_that_count():
    x, y = np.array([[3, 4, 0, 0], [5, 0, 0, 0]]), np.array([[0, 1, 0, 0], [2, 0, 0, 0]])
    model = tagger(4)
    probability = np.take_along_axis(model.predict(x), y[..., None], -1)[..., 0]
    want = -np.log(probability[x != 0]).mean()
    assert model.evaluate(x, y, loss="cross_entropy", batch_size=1).loss == pytest.approx(want, rel=1e-12)


def test_the_last_output_is_that_of_the_last_word():
    layers = [st.Embedding(WORDS, 4, mask_zero=True), st.LSTM(6), st.Dense(2)]
    short = st.Sequential(layers, input_shape=TIME, seed=3, dtype="float64")
    copies = [type(layer)(**layer.config()) for layer in layers]
    long = st.Sequential(copies, input_shape=TIME + 3, seed=3, dtype="float64")
    x, _ = sentences()
    assert np.abs(short.predict(x) - long.predict(padded(x))).max() <= 1e-12
    target = np.random.default_rng(1).normal(size=(4, 2))
    losses = [
        model.train_on_batch(given, target, loss="squared_error", optimizer=st.SGD(0.1))
        for model, given in ((short, x), (long, padded(x)))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    assert np.abs(short.gradient.numpy() - long.gradient.numpy()).max() <= 1e-12


class Doubled(st.Layer):
    """A layer of the user's own between those that carry masks."""

    def forward(self, x, training=False):
        return 2 * x.numpy()

    def backward(self, dy):
        return 2 * dy.numpy()


def nested(time):
    body = st.Sequential([st.RNN(4, return_sequences=True), Doubled()])
    layers = [
        st.Sequential([st.Embedding(WORDS, 4, mask_zero=True)]),
        st.Residual(body),
        st.Parallel(st.GRU(3, return_sequences=True), st.Sequential([st.Dense(2), st.Tanh()])),
        st.Auxiliary(st.Sequential([st.RNN(5, return_sequences=True), st.Dense(TAGS, activation="softmax")])),
        st.Residual(st.LSTM(5, return_sequences=True), st.Dense(5)),
        st.Sequential([st.Dense(TAGS), st.Softmax()]),
    ]
    return st.Sequential(layers, input_shape=time, seed=3, dtype="float64")


def test_masks_go_through_containers():
    (x, y), found = sentences(), []
    for model, words, tags in ((nested(TIME), x, y), (nested(TIME + 3), padded(x), padded(y))):
        value = model.train_on_batch(words, tags, loss="cross_entropy", optimizer=st.SGD(0.1))
        found.append((value, model.gradient.numpy().copy()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    assert np.abs(found[0][1] - found[1][1]).max() <= 1e-12
    assert np.abs(found[0][1]).max() > 0
    x[:, 2] = 0
    check = nested(TIME).check_gradients(x, y, "cross_entropy", samples=3)
    assert check.ok, check


def test_who_makes_and_who_ends_a_mask():
    x = st.tensor([[1.0, 0.0, 2.0]])
    layer = st.Embedding(3, 2, mask_zero=True).initialize((3,), seed=0)
    y, mask = layer.forward_masked(x, None)
    assert mask.numpy().tolist() == [[True, False, True]]
    for kind, keeps in (
        (st.Dense(2), True), (st.Dropout(0.5), True), (st.Identity(), True), (st.Flatten(), False),
        (st.RNN(2, return_sequences=True), True), (st.RNN(2), False), (st.Reshape((2, 3)), False),
    ):  # fmt: skip
        after = kind.initialize((3, 2), seed=0).forward_masked(y, mask)[1]
        assert (after is mask) if keeps else after is None, kind
    assert not st.Embedding(3, 2).makes_mask
    assert tagger(3).makes_mask and not st.Sequential([st.Embedding(3, 2)], input_shape=3).makes_mask


def test_a_target_without_the_positions_is_refused():
    layers = [st.Embedding(3, 2, mask_zero=True), st.Dense(1), st.Reshape((4,))]
    model = st.Sequential(layers, input_shape=4, seed=0)
    with pytest.raises(ValueError, match=r"the target begins with \(2, 4\); got target shape \(2,\)"):
        model.evaluate(np.ones((2, 4)), np.array([0, 1]), loss="cross_entropy")


def test_a_batch_of_nothing_but_padding():
    model = tagger(TIME)
    x, y = np.zeros((2, TIME)), np.zeros((2, TIME), int)
    assert model.train_on_batch(x, y, loss="cross_entropy", optimizer=st.SGD(0.1)) == 0
    assert not model.gradient.numpy().any()


def test_several_threads_predict_with_masks_of_their_own():
    model = tagger(TIME)
    x = sentences()[0]
    inputs = [np.where(np.arange(TIME) < length, x, 0) for length in range(1, TIME + 1)]
    wanted = [model.predict(given) for given in inputs]
    wrong = []

    def work(given, want):
        for _ in range(20):
            if not np.array_equal(model.predict(given), want):
                wrong.append(given)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(inputs, wanted, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
