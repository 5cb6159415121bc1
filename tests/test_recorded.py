"""Recorded steps and predictions: the same bits as one op after the other, and nothing is lost by them."""

import threading
import weakref

import numpy as np
import pytest

import strate as st
from strate import programs, recorded

pytestmark = pytest.mark.cpu_only


def lenet(seed=1, **options):
    layers = [
        st.Conv2D(6, 5, padding=2, activation="relu"), st.MaxPool2D(2),
        st.Conv2D(16, 5, activation="relu"), st.MaxPool2D(2), st.Flatten(),
        st.Dense(120, activation="relu"), st.Dropout(0.3), st.Dense(10, activation="softmax"),
    ]  # fmt: skip
    return st.Sequential(layers, input_shape=(28, 28, 1), seed=seed, **options)


def residual(seed=1, **options):
    inner = [st.Conv2D(8, 3, padding="same", bias=False), st.BatchNorm(), st.ReLU(),
             st.Conv2D(8, 3, padding="same", bias=False), st.BatchNorm()]  # fmt: skip
    branches = st.Parallel(st.Conv2D(4, 1), st.Conv2D(4, 3, padding="same"), merge="concat")
    layers = [
        st.Conv2D(8, 3, padding="same", bias=False), st.BatchNorm(), st.ReLU(),
        st.Residual(st.Sequential(inner)), st.ReLU(), branches, st.AveragePool2D(2), st.LocalResponseNorm(),
        st.Dropout(0.2), st.GlobalAveragePool2D(), st.LayerNorm(), st.Dense(10, activation="softmax"),
    ]  # fmt: skip
    return st.Sequential(layers, input_shape=(28, 28, 1), seed=seed, **options)


def lstm(seed=1, **options):
    recurrent = [st.Reshape((28, 28)), st.LSTM(12, return_sequences=True), st.GRU(9)]
    layers = [*recurrent, st.Dense(10, activation="softmax")]
    return st.Sequential(layers, input_shape=(28, 28, 1), seed=seed, **options)


def data(count=22, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 28, 28, 1)).astype("float32"), random.integers(0, 10, count)


def learn(model, x, y, epochs=3, **options):
    options = {"optimizer": st.SGD(0.05, momentum=0.9), "batch_size": 6, "loss": "cross_entropy"} | options
    history = model.fit(x, y, epochs=epochs, seed=2, verbose=0, **options)
    return history.loss, history.accuracy, model.theta.numpy().tobytes(), model.state.numpy().tobytes()


@pytest.fixture
def never(monkeypatch):
    """A way to do without recordings."""
    return lambda: monkeypatch.setattr(recorded, "may_be_recorded", lambda _: False)


@pytest.mark.parametrize("make", [lenet, residual, lstm])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_has_the_same_bits(make, dtype, replays, never):
    x, y = data()
    found = learn(make(dtype=dtype), x, y)
    assert len(replays) == 12 - 4, "of two shapes, all but the first two each"
    never()
    assert learn(make(dtype=dtype), x, y) == found and len(replays) == 8


@pytest.mark.parametrize("make", [lenet, residual, lstm])
def test_predictions_have_the_same_bits_and_are_the_callers(make, replays, never):
    x, _ = data(7)
    model = make()
    found = [model.predict(x[:5]) for _ in range(4)] + [model.predict(x[2:]) for _ in range(2)]
    assert len(replays) == 4
    never()
    model._predictor = None
    assert all(np.array_equal(y, model.predict(x[:5])) for y in found[:4])
    assert all(np.array_equal(y, model.predict(x[2:])) for y in found[4:]) and len(replays) == 4


def test_a_prediction_sees_weights_that_changed(replays):
    x, y = data(6)
    model = residual()
    before = [model.predict(x) for _ in range(3)][-1]
    learn(model, x, y)
    after = model.predict(x)
    assert replays and not np.array_equal(after, before)
    assert np.array_equal(after, model.forward(st.tensor(x)).numpy())
    for name in model.parameters():
        model.parameters()[name][...] = 0.0
    assert np.array_equal(model.predict(x), np.full((6, 10), 0.1, "float32"))


def test_single_batches(replays, never):
    x, y = data(8)
    runs = []
    for again in range(2):
        model, optimizer = lenet(), st.Adam(0.01)
        losses = [
            model.train_on_batch(x[i % 3 :], y[i % 3 :], loss="cross_entropy", optimizer=optimizer)
            for i in range(9)
        ]
        runs.append((losses, model.theta.numpy().tobytes(), model._memory().random.tolist()))
        assert len(replays) == 3 and again in (0, 1)
        never()
    assert runs[0] == runs[1]


def test_threads_and_choices_are_part_of_what_is_recorded(replays):
    x, y = data(6)
    model = lenet()
    learn(model, x, y)
    before, convolution, threads = len(replays), st.convolution(), st.num_threads()
    try:
        for choice, count in (("direct", threads), (convolution, threads + 1)):
            st.set_convolution(choice)
            st.set_num_threads(count)
            model.predict(x)
        assert len(replays) == before
    finally:
        st.set_convolution(convolution)
        st.set_num_threads(threads)


def test_layers_that_are_no_longer_trained(replays, never):
    x, y = data(6)
    thetas = []
    for _ in range(2):
        model, optimizer = lenet(), st.SGD(0.1)
        for trainable in (True, False, True):
            model.layers[0].trainable = trainable
            learn(model, x, y, epochs=4, optimizer=optimizer)
        thetas.append(model.theta.numpy().tobytes())
        never()
    assert thetas[0] == thetas[1] and replays


class Counts(st.Layer):
    """Counts its calls, and depends on them."""

    calls = 0

    def forward(self, x, training=False):
        self.calls += 1
        return x.numpy() * (1 + self.calls)

    def backward(self, dy):
        return dy


class Numpy(Counts):
    capturable = True  # though it computes in numpy


class Another(st.ReLU):
    calls = 0

    def forward(self, x, training=False):
        self.calls += 1
        return super().forward(x, training)


class Reads(st.Layer):
    """Takes a decision that depends on a value."""

    capturable = True
    calls = 0

    def forward(self, x, training=False):
        self.calls += 1
        return x if float(x[0, 0]) > 0 else x[:, :]

    def backward(self, dy):
        return dy


@pytest.mark.parametrize("kind", [Counts, Numpy, Another, Reads])
def test_what_python_computes_is_computed_every_time(kind, replays):
    layer = kind()
    model = st.Sequential([layer, st.Dense(2, activation="softmax")], input_shape=3, seed=0)
    x, y = np.ones((4, 3), "float32"), np.arange(4) % 2
    learn(model, x, y, epochs=6)
    for _ in range(5):
        model.predict(x)
    assert layer.calls == 11 and not replays


def test_methods_replaced_on_an_object_are_called(replays):
    model, calls = lenet(), []
    flatten = model.layers[4]
    forward = type(flatten).forward
    flatten.forward = lambda x, training=False: calls.append(1) or forward(flatten, x, training)
    x, y = data(6)
    learn(model, x, y, epochs=6)
    assert len(calls) == 6 and not replays


def test_without_fusion_z_stays_to_be_looked_at(replays):
    x, y = data(6)
    model = lenet(fuse=False)
    learn(model, x, y, epochs=5)
    first = model.layers[0].z.numpy().copy()
    learn(model, x, y, epochs=1)
    assert not replays and not np.array_equal(model.layers[0].z.numpy(), first)


def test_whole_numbers_are_checked_every_time(replays):
    layers = [st.Embedding(5, 3), st.Flatten(), st.Dense(2, activation="softmax")]
    model = st.Sequential(layers, input_shape=4)
    x, y = np.zeros((6, 4), "int64"), np.arange(6) % 2
    learn(model, x, y, epochs=4)
    x[3, 2] = 5
    with pytest.raises((ValueError, IndexError), match="5"):
        model.predict(x)
    assert not replays


def test_nan_is_found_and_theta_stays(replays):
    x, y = data(6)
    model, optimizer = residual(), st.SGD(0.1, momentum=0.9)
    for _ in range(4):
        model.train_on_batch(x, y, loss="cross_entropy", optimizer=optimizer)
    assert replays
    theta, state = model.theta.numpy().copy(), model.state.numpy().copy()
    bad = x.copy()
    bad[2, 5, 5, 0] = np.nan
    with pytest.raises(st.NonFiniteError, match="input holds NaN or infinity, first in row 2"):
        model.train_on_batch(bad, y, loss="cross_entropy", optimizer=optimizer)
    assert np.array_equal(model.theta.numpy(), theta) and np.array_equal(model.state.numpy(), state)
    assert np.isfinite(model.train_on_batch(x, y, loss="cross_entropy", optimizer=optimizer))
    model.layers[-1].weight[0, 0] = 3e38
    model.layers[-1].weight[1, 0] = -3e38
    for _ in range(2):
        with pytest.raises(st.NonFiniteError, match=r"Dense|gradient|loss"):
            model.train_on_batch(x * 1e30, y, loss="cross_entropy", optimizer=optimizer)


def test_threads_of_python_predict_at_once(replays):
    x, _ = data(8)
    model = lenet()
    wanted = [model.predict(x[i : i + 1]) for i in range(8)]
    wrong = []

    def work(i):
        for _ in range(200):
            if not np.array_equal(model.predict(x[i : i + 1]), wanted[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and replays


def test_memory_is_given_back():
    x, y = data(6)
    used = st._core.memory()["used"]
    model = lenet()
    learn(model, x, y)
    for count in range(1, 12):
        for _ in range(3):
            model.predict(x[: count % 6 + 1])
    assert len(model._predictor.programs.known) <= programs.MOST_PROGRAMS
    gone = weakref.ref(model)
    del model
    assert gone() is None and st._core.memory()["used"] <= used


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_BYTES_A_CALL"])
def test_large_batches_are_not_kept(limit, replays, monkeypatch):
    monkeypatch.setattr(programs, limit, 1000)
    x, y = data(6)
    model = lenet()
    learn(model, x, y, epochs=5)
    for _ in range(4):
        model.predict(x)
    assert not replays and set(model._predictor.programs.known.values()) == {programs.AS_IT_IS}


def test_recordings_have_so_much_memory_in_all(replays, monkeypatch):
    x, _ = data(9)
    model = lenet()
    for _ in range(3):
        model.predict(x[:4])
    first = next(iter(model._predictor.programs.known.values()))
    monkeypatch.setattr(programs, "MOST_BYTES", 2 * first.nbytes)
    for _ in range(3):
        model.predict(x)  # more than twice as large
    assert len(replays) == 1
    for _ in range(3):
        model.predict(x[:3])
    assert len(replays) == 2
