"""NaN and infinity stop training before theta is touched, and are traced to where they came from."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


class Bomb(st.Layer):
    """Passes everything on until a chosen training step, then writes `value` into one place."""

    def __init__(self, step, where="forward", value=np.nan):
        self.step, self.where, self.value, self.steps = step, where, value, []

    def forward(self, x, training=False):
        x = x.numpy().copy()
        if training:
            self.steps.append(int(self.random[1]))
        if training and self.where == "forward" and int(self.random[1]) == self.step:
            x[0, 0] = self.value
        return x

    def backward(self, dy):
        dy = dy.numpy().copy()
        if self.where == "backward" and int(self.random[1]) == self.step:
            dy[0, 0] = self.value
        return dy


class BadGradient(st.Layer):
    """A gradient of its own that is not finite, in numpy, which raises no flag."""

    def build(self, input_shape):
        self.parameter("shift", (1,))
        return input_shape

    def forward(self, x, training=False):
        return x

    def backward(self, dy):
        self.dshift = np.inf
        return dy


def data(count=40):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 4)).astype(np.float32), generator.integers(0, 3, count)


def snapshots(model):
    kept = []
    callback = st.LambdaCallback(
        on_train_begin=lambda training: kept.append(model.theta.numpy().copy()),
        on_batch_end=lambda training: kept.append(model.theta.numpy().copy()),
    )
    return kept, callback


def failing(model, x, y, loss="cross_entropy", **options):
    kept, callback = snapshots(model)
    options = {"epochs": 3, "batch_size": 10, "optimizer": st.SGD(0.1, momentum=0.9)} | options
    with pytest.raises(st.NonFiniteError) as caught:
        model.fit(x, y, loss=loss, callbacks=[callback], seed=0, verbose=0, **options)
    assert np.array_equal(model.theta.numpy(), kept[-1])
    assert isinstance(caught.value, ArithmeticError)
    return caught.value


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_epoch_batch_and_layer_are_named(value, dropout):
    x, y = data()
    bomb = Bomb(7, value=value)
    layers = [
        st.Dense(5, activation="relu"),
        st.Dropout(dropout),
        st.Sequential([st.Dense(5), bomb]),
        st.Dense(3),
    ]
    error = failing(st.Sequential(layers, seed=0), x, y)
    assert str(error) == (
        "epoch 2, batch 3: the output of layer 3 (Sequential), layer 2 (Bomb) is the first that is not finite"
    )
    assert (error.epoch, error.batch) == (2, 3)
    assert error.history.epochs == 1
    assert bomb.steps == [1, 2, 3, 4, 5, 6, 7, 7]


def test_a_gradient_that_is_not_finite_is_named():
    x, y = data()
    model = st.Sequential([st.Dense(5), Bomb(2, "backward"), st.Dense(3)], seed=0)
    message = "epoch 1, batch 2: the gradient that layer 2 (Bomb) passes on is the first that is not finite"
    assert str(failing(model, x, y)) == message


def test_a_gradient_of_the_users_own_is_scanned():
    x, y = data()
    model = st.Sequential([st.Dense(5), BadGradient(), st.Dense(3)], seed=0)
    message = (
        "epoch 1, batch 1: the gradient of shift in layer 2 (BadGradient) is the first that is not finite"
    )
    assert str(failing(model, x, y)) == message


def test_the_first_layer_that_overflows_is_named():
    x, y = data()
    x[17] = 1e30
    layers = [st.Dense(4, init=1e5), st.ReLU(), st.Dense(4, init=1e10), st.Dense(3)]
    error = failing(st.Sequential(layers, seed=0), x, y, shuffle=False, optimizer=st.SGD(0.0))
    assert str(error) == "epoch 1, batch 2: the output of layer 3 (Dense) is the first that is not finite"


@pytest.mark.parametrize("shuffle", [True, False])
def test_bad_data_are_named_with_their_row(shuffle):
    x, y = data()
    x[23, 2] = np.nan
    model = st.Sequential([st.Dense(3)], seed=0)
    error = failing(model, x, y, shuffle=shuffle)
    assert "the input holds NaN or infinity, first in row 23 of the data" in str(error)
    target = np.zeros((40, 3))
    target[31, 0] = np.inf
    model = st.Sequential([st.Dense(3)], seed=0)
    error = failing(model, data()[0], target, "squared_error", shuffle=shuffle)
    assert "the target holds NaN or infinity, first in row 31 of the data" in str(error)


def test_a_loss_that_overflows_is_named():
    x = np.full((4, 1), 1e30, np.float32)
    model = st.Sequential([st.Dense(1, init=1.0)], seed=0, dtype="float32")

    class Cube(st.Loss):
        def __call__(self, y, target):
            with np.errstate(all="ignore"):
                return (y.numpy() ** 3).sum(), np.ones(y.shape)

    error = failing(model, x, np.zeros((4, 1), np.float32), Cube())
    assert str(error) == "epoch 1, batch 1: the loss is inf, though every layer's output is finite"


def test_a_gradient_of_the_loss_is_named():
    class Steep(st.Loss):
        def __call__(self, y, target):
            return 0.0, np.full(y.shape, np.inf)

    x, y = data()
    error = failing(st.Sequential([st.Dense(3)], seed=0), x, y, Steep())
    assert "the gradient of the loss by the outputs is not finite" in str(error)


def test_divergence_is_an_error_and_not_a_history_of_nan():
    x, y = data()
    model = st.Sequential([st.Dense(50), st.Dense(3)], seed=0)
    error = failing(model, x, np.eye(3)[y], "squared_error", optimizer=st.SGD(1e4), epochs=200)
    assert "is the first that is not finite" in str(error)
    assert np.isfinite(model.theta.numpy()).all()
    assert error.history.epochs < 200


def test_training_goes_on_after_the_error():
    x, y = data()
    model = st.Sequential([Bomb(3), st.Dense(3)], seed=0)
    failing(model, x, y)
    assert "forward" not in model.layers[0].__dict__
    history = model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0, batch_size=20)
    assert history.epochs == 1


def test_train_on_batch_stops_too():
    x, y = data()
    model = st.Sequential([Bomb(1), st.Dense(3)], seed=0)
    with pytest.raises(st.NonFiniteError, match="epoch 1, batch 1: the output of layer 1"):
        model.train_on_batch(x, y, loss="cross_entropy", optimizer=st.SGD(0.1))


def test_nan_passes_through_relu_and_max_pooling():
    x = np.zeros((1, 4, 4, 1), np.float32)
    x[0, 1, 1, 0] = np.nan
    assert np.isnan(st.ReLU()(x).numpy()[0, 1, 1, 0])
    assert np.isnan(st.MaxPool2D(2)(x).numpy()[0, 0, 0, 0])


def test_the_state_is_the_last_good_one_too():
    class Mean(st.Layer):
        def build(self, input_shape):
            self.state("mean", input_shape)
            return input_shape

        def forward(self, x, training=False):
            if training:
                self.mean = 0.9 * self.mean.numpy() + 0.1 * x.numpy().mean(0)
            return x

        def backward(self, dy):
            return dy

    x, y = data()
    x[25] = np.nan
    kept = []
    keep = st.LambdaCallback(on_batch_end=lambda training: kept.append(training.model.state.numpy().copy()))
    model = st.Sequential([Mean(), st.Dense(3)], seed=0)
    options = {"loss": "cross_entropy", "optimizer": st.SGD(0.1), "epochs": 1, "verbose": 0}
    with pytest.raises(st.NonFiniteError, match="epoch 1, batch 3: the input holds NaN"):
        model.fit(x, y, batch_size=10, shuffle=False, callbacks=[keep], **options)
    assert len(kept) == 2
    assert np.array_equal(model.state.numpy(), kept[-1])
