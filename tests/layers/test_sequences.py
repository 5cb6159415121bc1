"""Layers that take parts of a sequence or turn it round, and the networks they make possible."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

CELLS = {"rnn": st.RNN, "lstm": st.LSTM, "gru": st.GRU}
WORDS, TAGS, TIME = 9, 3, 4


def both_ways(cell, units=5):
    kind = CELLS[cell]
    backwards = [st.Reverse(), kind(units, return_sequences=True), st.Reverse()]
    return st.Parallel(kind(units, return_sequences=True), st.Sequential(backwards))


def embedded(column, vocabulary, units, **options):
    parts = [st.Slice(column, column + 1), st.Reshape((-1,)), st.Embedding(vocabulary, units, **options)]
    return st.Sequential(parts)


def tagger(time=TIME, cell="lstm"):
    layers = [
        st.Parallel(embedded(0, WORDS, 4, mask_zero=True), embedded(1, 3, 2)),
        both_ways(cell),
        st.Dense(TAGS, activation="softmax"),
    ]
    return st.Sequential(layers, input_shape=(time, 2), seed=3, dtype="float64")


def sentences():
    random = np.random.default_rng(0)
    x = np.stack([random.integers(1, WORDS, (4, TIME)), random.integers(0, 3, (4, TIME))], -1)
    return x, random.integers(0, TAGS, (4, TIME))


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5)])
@pytest.mark.parametrize(("begin", "end"), [(0, 1), (1, 4), (2, None), (0, None)])
def test_slice(shape, begin, end):
    x = np.random.default_rng(0).normal(size=(2, *shape))
    layer = st.Slice(begin, end).initialize(shape, dtype="float64")
    y = layer.forward(st.tensor(x), training=True).numpy()
    assert np.array_equal(y, x[..., begin:end]) and layer.output_shape == y.shape[1:]
    want = np.zeros_like(x)
    want[..., begin:end] = 2 * y
    assert np.array_equal(layer.backward(st.tensor(2 * y)).numpy(), want)
    layer.need_dx = False
    assert layer.backward(st.tensor(y)) is None


@pytest.mark.parametrize("shape", [(1,), (5,), (5, 3), (4, 3, 2)])
def test_reverse(shape):
    x = np.random.default_rng(0).normal(size=(2, *shape))
    layer = st.Reverse().initialize(shape, dtype="float64")
    assert np.array_equal(layer.forward(st.tensor(x), training=True).numpy(), x[:, ::-1])
    assert np.array_equal(layer.backward(st.tensor(x)).numpy(), x[:, ::-1])


def test_an_empty_batch():
    for layer, shape in ((st.Slice(1, 3), (2, 4)), (st.Reverse(), (4, 2))):
        y = layer.initialize(shape).forward(st.zeros((0, *shape)), training=True)
        assert y.shape == (0, *layer.output_shape) and layer.backward(y).shape == (0, *shape)


@pytest.mark.parametrize("follows", [st.Reshape((-1,)), st.Flatten()])
@pytest.mark.parametrize("first", [st.Slice(1, 3), st.Reverse()])
def test_a_view_with_gaps_is_reshaped(first, follows):
    twin, after = type(first)(**first.config()), type(follows)(**follows.config())
    layers = [st.Dense(4, activation="tanh"), twin, after, st.Dense(2)]
    model = st.Sequential(layers, input_shape=(3, 4), seed=0, dtype="float64")
    random = np.random.default_rng(1)
    check = model.check_gradients(random.normal(size=(3, 3, 4)), random.normal(size=(3, 2)), "squared_error")
    assert check.ok, check


def test_a_mask_goes_with_the_words():
    x, mask = st.ones((2, 3, 2)), st.tensor([[True, True, False], [True, False, False]])
    turned = st.Reverse().initialize((3, 2)).forward_masked(x, mask)[1]
    assert turned.numpy().tolist() == [[False, True, True], [False, False, True]]
    assert st.Reverse().initialize((3, 2)).forward_masked(x, None)[1] is None
    assert st.Slice(1).initialize((3, 2)).forward_masked(x, mask)[1] is mask
    assert st.Slice(1).initialize((3,)).forward_masked(st.ones((2, 3)), mask)[1] is None


def test_a_state_from_the_end_is_that_of_the_turned_sentence():
    x = np.random.default_rng(0).normal(size=(2, TIME, 3))
    model = st.Sequential([both_ways("rnn", 2)], input_shape=(TIME, 3), seed=0, dtype="float64")
    one, other = model.layers[0].children()[0], model.layers[0].children()[1].layers[1]
    for name in ("weight", "recurrent_weight", "bias"):
        setattr(other, name, getattr(one, name))
    y, turned = model.predict(x), model.predict(x[:, ::-1].copy())
    assert np.array_equal(y[..., 2:], turned[:, ::-1, :2])
    assert not np.allclose(y[..., 2:], y[..., :2])


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_and_padding(cell):
    x, y = sentences()
    x[1, 2:, 0] = 0
    check = tagger(cell=cell).check_gradients(x, y, "cross_entropy", samples=4)
    assert check.ok, check
    x, y = sentences()
    longer = np.concatenate([x, np.zeros((4, 3, 2), int)], 1), np.concatenate([y, np.ones((4, 3), int)], 1)
    found = []
    for model, words, tags in ((tagger(TIME, cell), x, y), (tagger(TIME + 3, cell), *longer)):
        value = model.train_on_batch(words, tags, loss="cross_entropy", optimizer=st.SGD(0.1))
        found.append((value, model.gradient.numpy().copy()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    assert np.abs(found[0][1] - found[1][1]).max() <= 1e-12 < np.abs(found[0][1]).max()


def test_it_learns_what_only_the_next_word_tells(tmp_path):
    random = np.random.default_rng(0)
    x = np.stack([random.integers(1, 3, (64, TIME)), np.zeros((64, TIME), int)], -1)
    y = np.zeros((64, TIME), int)
    y[:, :-1] = x[:, 1:, 0]
    model = tagger()
    optimizer = st.Adam(0.03)
    model.fit(x, y, loss="cross_entropy", optimizer=optimizer, epochs=60, batch_size=16, seed=0, verbose=0)
    assert model.evaluate(x, y).accuracy > 0.99
    model.save(tmp_path / "model.safetensors")
    assert np.array_equal(st.load(tmp_path / "model.safetensors").predict(x), model.predict(x))


def test_bytes_are_not_scaled_before_an_embedding_behind_views():
    model, x = tagger(), sentences()[0]
    assert model.whole_numbers
    assert np.array_equal(model.predict(x.astype(np.uint8)), model.predict(x))
    assert not st.Sequential([st.Flatten(), st.Dense(2)], input_shape=(2, 2)).whole_numbers
    assert not st.Sequential([st.Flatten()], input_shape=(2, 2)).whole_numbers


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: st.Slice(2, 2), ValueError, "0 <= begin < end; got begin=2, end=2"),
        (lambda: st.Slice(-1), ValueError, "0 <= begin < end; got begin=-1, end=None"),
        (lambda: st.Slice(0.5, 2), TypeError, "begin is a whole number; got begin=0.5"),
        (lambda: st.Slice(0, True), TypeError, "end is a whole number; got end=True"),
        (lambda: st.Slice(1, 5).initialize((3, 4)), ValueError, "1:5 does not lie in the last axis of 3x4"),
        (lambda: st.Slice(4).initialize((3, 4)), ValueError, "4: does not lie"),
        (lambda: st.Slice(0).initialize(()), ValueError, "does not lie"),
        (lambda: st.Reverse().initialize(()), ValueError, "needs an axis of steps"),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
