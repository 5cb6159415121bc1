"""Recurrent layers and embeddings: gradients, states from batch to batch, files, errors."""

from __future__ import annotations

import re

import numpy as np
import pytest

import strate as st

CELLS = {
    "rnn": lambda units, **options: st.RNN(units, **options),
    "relu": lambda units, **options: st.RNN(units, activation="relu", **options),
    "lstm": lambda units, **options: st.LSTM(units, **options),
    "gru": lambda units, **options: st.GRU(units, **options),
}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def test_the_network_of_the_lecture():
    """a<0> = 0; a<t> = tanh(W_a a<t-1> + W_x x<t> + b), worked out by hand."""
    layer = st.RNN(2, return_sequences=True).initialize((3, 1), dtype="float64")
    layer.weight, layer.recurrent_weight, layer.bias = [[1.0], [-1.0]], [[0.0, 1.0], [1.0, 0.0]], [0.5, 0.0]
    a = np.zeros(2)
    for t, x in enumerate((1.0, 2.0, -1.0)):
        a = np.tanh([x + a[1] + 0.5, -x + a[0]])
        assert np.allclose(layer(np.array([[[1.0], [2.0], [-1.0]]])).numpy()[0, t], a, atol=1e-15)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("sequences", [True, False])
def test_gradients_by_differences(cell, sequences):
    tail = [st.Flatten()] if sequences else []
    layers = [CELLS[cell](5, return_sequences=True), CELLS[cell](4, return_sequences=sequences), *tail]
    model = st.Sequential([*layers, st.Dense(3)], input_shape=(6, 2), seed=1)
    check = model.check_gradients(normal(3, 6, 2), normal(3, 3), "squared_error")
    assert check.ok, check
    assert {name.partition(".")[2] for name in check.errors} >= {"weight", "recurrent_weight", "bias"}


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_through_a_mask_and_an_embedding(cell):
    layers = [st.Embedding(7, 4, mask_zero=True), CELLS[cell](5, return_sequences=True), st.Dense(3)]
    model = st.Sequential(layers, input_shape=6, seed=1)
    x = np.random.default_rng(0).integers(0, 7, (4, 6))
    x[:, 3] = 0
    check = model.check_gradients(x, np.random.default_rng(1).integers(0, 3, (4, 6)), "cross_entropy")
    assert check.ok and "input" not in check.errors, check


def test_initial_weights():
    layer = st.LSTM(6).initialize((3, 4), seed=0)
    bias, recurrent = layer.bias.numpy(), layer.recurrent_weight.numpy()
    assert bias[6:12].tolist() == [1] * 6 and bias.sum() == 6
    assert np.allclose(recurrent.T @ recurrent, np.eye(6), atol=1e-6)
    gru = st.GRU(6).initialize((3, 4), seed=0)
    assert gru.recurrent_bias.shape == (18,) and not gru.bias.numpy().any()


@pytest.mark.parametrize("cell", CELLS)
def test_windows_one_after_the_other_are_the_whole(cell):
    x = normal(3, 8, 2)
    options = {"seed": 1, "dtype": "float64"}
    whole = st.Sequential([CELLS[cell](5, return_sequences=True)], input_shape=(8, 2), **options)
    parts = [CELLS[cell](5, return_sequences=True, stateful=3)]
    parts = st.Sequential(parts, input_shape=(4, 2), **options)
    want = whole.predict(x)
    for training in (False, True):
        parts.layers[0].reset_state()
        got = [parts.forward(x[:, at : at + 4], training).numpy().copy() for at in (0, 4)]
        assert np.abs(np.concatenate(got, 1) - want).max() <= 1e-12
    assert np.array_equal(parts.layers[0].hidden.numpy(), got[1][:, -1])
    parts.reset_state()
    assert not parts.state.numpy().any()


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_ends_where_the_window_begins(cell):
    """Differences of the second window's loss, its first state held fixed."""
    model = st.Sequential(
        [CELLS[cell](4, return_sequences=True, stateful=2), st.Dense(2)],
        input_shape=(3, 2), seed=1, dtype="float64",
    )  # fmt: skip
    x, t = normal(2, 6, 2), normal(2, 6, 2, seed=1)
    loss = st.SquaredError()
    model.forward(x[:, :3])
    state = model.state.numpy().copy()

    def run():
        model.state.numpy()[:] = state
        return loss(model.forward(x[:, 3:], training=True), st.tensor(np.ascontiguousarray(t[:, 3:])))

    model.backward(run()[1])
    gradient, theta = model.gradient.numpy().copy(), model.theta.numpy()
    for place in (p for each in model.places() for p in range(each.begin, each.end)):
        kept = theta[place]
        theta[place] = kept + 1e-5
        up = float(run()[0])
        theta[place] = kept - 1e-5
        down = float(run()[0])
        theta[place] = kept
        assert (up - down) / 2e-5 == pytest.approx(gradient[place], abs=1e-8)


def test_a_state_belongs_to_a_size_of_batch():
    model = st.Sequential([st.LSTM(3, stateful=4)], input_shape=(5, 2), seed=0)
    assert set(model.states()) == {"0.hidden", "0.memory"}
    with pytest.raises(ValueError, match=r"keeps the state of 4 sequences.*got a batch of 3"):
        model.predict(normal(3, 5, 2))


def test_a_step_that_goes_wrong_leaves_the_state_alone():
    model = st.Sequential([st.RNN(3, stateful=2)], input_shape=(4, 1), seed=0)
    x, y = np.ones((2, 4, 1), np.float32), np.zeros((2, 3))
    model.train_on_batch(x, y, loss="squared_error", optimizer=st.SGD(0.1))
    state = model.state.numpy().copy()
    assert state.any()
    with pytest.raises(st.NonFiniteError):
        model.train_on_batch(x * np.nan, y)
    assert np.array_equal(model.state.numpy(), state)


@pytest.mark.parametrize("cell", CELLS)
def test_files(cell, tmp_path):
    layers = [
        st.Embedding(9, 4, mask_zero=True), CELLS[cell](5, return_sequences=True, stateful=3), CELLS[cell](2),
    ]  # fmt: skip
    model = st.Sequential(layers, input_shape=6, seed=0)
    x = np.random.default_rng(0).integers(0, 9, (3, 6))
    model.predict(x)
    model.save(tmp_path / "model.safetensors")
    loaded = st.load(tmp_path / "model.safetensors")
    assert repr(loaded) == repr(model)
    assert np.array_equal(loaded.state.numpy(), model.state.numpy())
    assert np.array_equal(loaded.predict(x), model.predict(x))


def test_summary():
    model = st.Sequential([st.Embedding(10, 4), st.LSTM(5), st.Dense(3)], input_shape=6)
    summary = model.summary()
    assert summary.parameters == 10 * 4 + 4 * 5 * (4 + 5 + 1) + 5 * 3 + 3
    assert summary.multiply_adds == 6 * 20 * (4 + 5) + 15


def test_what_is_frozen_stays():
    model = st.Sequential([st.Embedding(5, 3), st.GRU(4), st.Dense(2)], input_shape=4, seed=0)
    model.layers[0].trainable = model.layers[1].trainable = False
    before = {name: view.numpy().copy() for name, view in model.parameters().items()}
    x = np.array([[1, 2, 3, 4], [0, 0, 1, 1]])
    model.fit(x, normal(2, 2), loss="squared_error", optimizer=st.SGD(0.1), epochs=2, verbose=0)
    after = model.parameters()
    changed = {name for name, values in before.items() if not np.array_equal(after[name].numpy(), values)}
    assert changed == {"2.weight", "2.bias"}


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "float64"])
def test_words_of_any_dtype(dtype):
    model = st.Sequential([st.Embedding(200, 3)], input_shape=2, seed=0)
    x = np.array([[199, 0], [7, 7]], dtype)
    assert np.array_equal(model.predict(x), model.layers[0].weight.numpy()[x.astype(int)])
    assert model.summary().scaling is None
    assert np.array_equal(model(st.tensor(x)).numpy(), model.predict(x))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", [(2, 4), (2, 6), (3, 5), (5,)])
def test_a_sequence_of_another_length_than_its_mask(cell, shape):
    layer = CELLS[cell](4, return_sequences=True).initialize((5, 3), seed=0)
    message = re.escape(f"[recurrent] mask is (2, 5); got mask={shape}")
    with pytest.raises(ValueError, match=message):
        layer.forward(st.ones((2, 5, 3)), mask=st.tensor(np.ones(shape, bool)))


def test_targets_of_another_length_than_the_mask():
    model = st.zoo.rnn_tagger(vocabulary=9, tags=3, units=4, embedding=4, length=5, seed=0)
    given = {"loss": "cross_entropy", "optimizer": st.SGD(0.1)}
    with pytest.raises(ValueError, match=r"the model gives 5x3 .*; got target shape \(4, 6\)"):
        model.train_on_batch(np.ones((4, 5), int), np.ones((4, 6), int), **given)


def test_errors():
    for make, text in [
        (lambda: st.RNN(0), "units"),
        (lambda: st.RNN(3, activation="sigmoid"), "activation is tanh or relu; got activation='sigmoid'"),
        (lambda: st.LSTM(3, stateful=0), "stateful"),
        (lambda: st.Embedding(0, 3), "vocabulary"),
        (lambda: st.Embedding((1 << 24) + 1, 3), "at most 2\\^24 words"),
        (lambda: st.GRU(3).initialize((4,)), r"GRU takes sequences, \(T, features\); got samples of 4"),
        (lambda: st.Embedding(3, 2, mask_zero=True).initialize((2, 2)), "marks the steps"),
    ]:
        with pytest.raises(ValueError, match=text):
            make()
    model = st.Sequential([st.Embedding(5, 2), st.RNN(3)], input_shape=3, seed=0)
    for x, text in [([[0, 5, 1]], r"0 ... 4; got x\[0, 1\]=5"), ([[0, 1, 1], [2, 0.5, 1]], r"x\[1, 1\]=0.5")]:
        with pytest.raises(ValueError, match=text):
            model.predict(np.array(x))
