"""A convolution that does the work of the max-pooling after it: the same as apart, with less kept."""

import numpy as np
import pytest

import strate as st


def network(activation="relu", window=2, stride=None, fuse=True, convolutions=1, filters=5, **pooling):
    inside = []
    for _ in range(convolutions):
        inside += [st.Conv2D(filters, 3, padding=1), st.Activation(activation)]
    pool = st.MaxPool2D(window, stride, **pooling)
    layers = [*inside, pool, st.Flatten(), st.Dense(3, activation="softmax")]
    return st.Sequential(layers, input_shape=(11, 9, 2), seed=3, fuse=fuse)


def data(count=6):
    x = np.random.default_rng(0).normal(size=(count, 11, 9, 2)).astype("float32")
    return x, np.arange(count) % 3


def learnt(model, steps=5):
    x, y = data()
    optimizer = st.SGD(0.1, momentum=0.9)
    losses = [model.train_on_batch(x, y, loss="cross_entropy", optimizer=optimizer) for _ in range(steps)]
    return losses, model.theta.numpy().tobytes(), model.predict(x).tobytes()


WINDOWS = [(2, None, {}), (3, 2, {}), (3, 1, {"padding": 1}), (2, 2, {"ceil": True}), (2, 1, {"dilation": 2})]


@pytest.mark.parametrize("activation", ["relu", "identity"])
@pytest.mark.parametrize(("window", "stride", "options"), WINDOWS)
def test_the_same_bits_as_apart(activation, window, stride, options):
    """Of more filters than go back from the winners alone."""
    merged = network(activation, window, stride, filters=20, **options)
    assert merged.layers[2].absorbed_by is merged.layers[0]
    assert learnt(merged) == learnt(network(activation, window, stride, fuse=False, filters=20, **options))


@pytest.mark.parametrize("activation", ["leaky_relu", "tanh", "sigmoid"])
def test_other_activations_stay_apart(activation):
    model = network(activation)
    assert model.layers[2].absorbed_by is None
    model.check_gradients(*data(3), "cross_entropy")
    assert learnt(model)[0] == pytest.approx(learnt(network(activation, fuse=False))[0], rel=1e-6)


def test_gradients():
    for window, stride, options in WINDOWS:
        check = network(window=window, stride=stride, convolutions=2, **options).check_gradients(
            *data(2), "cross_entropy"
        )
        assert check.ok, check


def test_less_is_kept():
    merged, apart = network().summary(batch_size=4), network(fuse=False).summary(batch_size=4)
    z = 11 * 9 * 5
    assert apart.rows[0].memory - merged.rows[0].memory == 4 * z and merged.rows[0].memory == 0
    assert merged.rows[2].memory == apart.rows[2].memory == 5 * 4 * 5 * (4 + 1)
    model, x = network(), st.tensor(data()[0])
    model.forward(x, training=True)
    kept = model.layers[0].saved
    assert max(np.prod(part.shape) for part in kept[1][:2]) == 6 * 5 * 4 * 5


def test_the_layer_asked_alone_gives_its_own_output():
    model, x = network(), data()[0]
    layer, _ = model.layers[0], model.theta
    assert layer(x).shape == (6, *layer.output_shape) == (6, 11, 9, 5)
    assert np.array_equal(model.layers[2](layer(x)).numpy(), layer.forward(st.tensor(x)).numpy())
    dy = np.ones((6, 11, 9, 5), "float32")
    layer(x, training=True)
    assert layer.backward(st.tensor(dy)).shape == x.shape
    layer.forward(st.tensor(x), training=True)
    assert layer.backward(st.tensor(dy[:, :5, :4])).shape == x.shape


def test_nan_goes_through_and_is_found():
    model = network()
    model.layers[0].bias[1] = float("nan")
    with pytest.raises(st.NonFiniteError, match=r"parameter 0\.bias"):
        learnt(model)
    model.layers[0].bias[1] = 0.0
    x = data()[0]
    x[0, 4, 4, 0] = np.nan
    assert np.isnan(model.predict(x)[0]).all() and np.isfinite(model.predict(x)[1:]).all()


def test_batch_normalisation_in_between_is_left_to_it():
    layers = [st.Conv2D(5, 3), st.BatchNorm(), st.ReLU(), st.MaxPool2D(2), st.Flatten(), st.Dense(3)]
    model = st.Sequential(layers, input_shape=(11, 9, 2), seed=0)
    assert [layer.absorbed_by is None for layer in layers] == [True, False, False, True, True, True]
    assert model.check_gradients(*data(4), "cross_entropy").ok


def test_saved_and_loaded(tmp_path):
    model = network()
    model.save(tmp_path / "m")
    assert np.array_equal(st.load(tmp_path / "m").predict(data()[0]), model.predict(data()[0]))
