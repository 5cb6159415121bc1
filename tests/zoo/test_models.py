"""The models of the zoo: published counts, shapes, and that each one learns."""

import numpy as np
import pytest

import strate as st
from strate import zoo

DATA_SETS = ("digits", "mnist", "fashion-mnist")
SMALL = ("lenet5", "mlp", "softmax")


@pytest.mark.parametrize(
    ("name", "shape", "classes", "parameters"),
    [
        ("lenet5", (28, 28, 1), 10, 61_706),
        ("lenet5", (32, 32, 1), 10, 61_706),
        ("lenet5", (32, 32, 3), 10, 62_006),
        ("lenet5", (28, 28, 1), 26, 63_066),
        ("lenet5_1998", (28, 28, 1), 10, 60_000),
        ("lenet5_1998", (32, 32, 1), 10, 60_000),
        ("lenet5_1998", (32, 32, 1), 26, 60_000),
        ("mlp", (28, 28, 1), 10, 535_818),
        ("softmax", (28, 28, 1), 10, 7_850),
        ("softmax", (8, 8, 1), 10, 650),
    ],
)
def test_parameters(name, shape, classes, parameters):
    model = zoo.MODELS[name](classes, shape)
    assert model.summary().parameters == parameters
    assert model.output_shape == (classes,)
    assert model.name == name


def test_lenet5_has_the_maps_of_the_paper():
    for shape in ((28, 28, 1), (32, 32, 1)):
        maps = [layer.output_shape for layer in zoo.lenet5(input_shape=shape).layers]
        assert maps == [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (400,), (120,), (84,), (10,)]


def test_lenet5_says_which_layer_an_image_is_too_small_for():
    with pytest.raises(ValueError, match=r"layer 3 \(Conv2D\): a 5x5 kernel does not fit 4x4x6"):
        zoo.lenet5(input_shape=(8, 8, 1))


def test_mlp_takes_its_hidden_layers():
    model = zoo.mlp(3, (5,), hidden=(7,))
    assert model.summary().parameters == 5 * 7 + 7 + 7 * 3 + 3
    with pytest.raises(ValueError, match="maps and units are at least 1; got -7"):
        zoo.mlp(3, (5,), hidden=(-7,))


@pytest.mark.parametrize("name", SMALL)
def test_a_seed_fixes_the_weights(name):
    first, same, other = (np.array(zoo.MODELS[name](seed=seed).theta) for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", SMALL)
def test_outputs_are_probabilities(name):
    x = st.data.resize(st.data.digits()[1][0][:5], 28)
    y = zoo.MODELS[name](seed=0).predict(x)
    assert y.shape == (5, 10)
    assert np.all(y >= 0)
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_gradients(name):
    (x, y), _ = st.data.digits()
    model = zoo.MODELS[name](10, (28, 28, 1), seed=0)
    check = model.check_gradients(st.data.resize(x[:3], 28), y[:3], model.loss or "cross_entropy")
    assert check.ok, check


def test_every_small_model_has_a_recipe_for_every_data_set():
    assert set(zoo.RECIPES) >= {(model, data) for model in SMALL for data in DATA_SETS}


def test_a_model_without_a_recipe_has_one_for_small_images():
    assert zoo.recipe("lenet5", "mnist") is zoo.RECIPES["lenet5", "mnist"]
    assert zoo.recipe("resnet20", "digits").epochs == 10


def test_perceptron():
    """y = sigmoid(w x + w_0), each neuron on its own (lecture, p. 13)."""
    model = zoo.perceptron(3, (2,), seed=0)
    x = np.array([[0.5, -1.0]])
    z = x @ model.layers[1].weight.numpy().T
    np.testing.assert_allclose(model.predict(x), 1 / (1 + np.exp(-z)), rtol=1e-6)


def test_a_neuron_learns_and():
    """p. 13: one neuron separates what a line separates."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    model = zoo.perceptron(1, (2,), seed=0)
    target = np.array([[0.0], [0.0], [0.0], [1.0]])
    model.fit(x, target, loss="squared_error", optimizer=st.SGD(2.0), epochs=500, verbose=0, seed=0)
    assert np.array_equal(model.predict(x) > 0.5, target > 0.5)
    assert model.check_gradients(x, target, "squared_error").ok


@pytest.mark.parametrize(
    ("name", "accuracy"), [("lenet5", 0.9), ("lenet5_1998", 0.9), ("mlp", 0.9), ("softmax", 0.85)]
)
def test_two_epochs_of_the_recipe_learn_the_digits(name, accuracy):
    (x, y), (x_test, y_test) = st.data.digits()
    recipe = zoo.RECIPES[name, "digits"]
    model = zoo.MODELS[name](10, (28, 28, 1), seed=0)
    model.fit(
        st.data.resize(x, 28),
        y,
        loss=model.loss or "cross_entropy",
        optimizer=recipe.optimizer(),
        epochs=2,
        batch_size=recipe.batch_size,
        seed=0,
        verbose=0,
    )
    assert model.evaluate(st.data.resize(x_test, 28), y_test).accuracy > accuracy


def test_lenet5_passes_98_percent_of_mnist_in_two_epochs(test_data):
    (x, y), (x_test, y_test) = st.data.mnist(test_data)
    model = zoo.lenet5(seed=0)
    optimizer = st.SGD(st.schedules.Cosine(0.05, epochs=2), momentum=0.9)
    model.fit(x, y, loss="cross_entropy", optimizer=optimizer, epochs=2, seed=0, verbose=0)
    assert model.evaluate(x_test, y_test).accuracy > 0.98
