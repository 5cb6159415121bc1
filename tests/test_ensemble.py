"""Ensembles: averages of probabilities, and models that cannot be averaged."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from strate import ops

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(30, 4)).astype(np.float32)
Y = GENERATOR.integers(0, 3, 30)


def network(seed, activation="softmax", **options):
    return st.Sequential([st.Dense(3, activation=activation)], input_shape=4, seed=seed, **options)


def trained(seed, activation="softmax", loss="cross_entropy"):
    model = network(seed, activation)
    target = Y if loss == "cross_entropy" else np.eye(3)[Y]
    model.fit(X, target, loss=loss, optimizer=st.SGD(0.1), epochs=1, verbose=0, seed=0)
    return model


def test_probabilities_are_averaged():
    models = [network(seed) for seed in (0, 1, 2)]
    expected = np.mean([model.predict(X) for model in models], axis=0)
    ensemble = st.Ensemble(models)
    for batch_size in (256, 7):
        y = ensemble.predict(X, batch_size=batch_size)
        np.testing.assert_allclose(y, expected, rtol=1e-6)
        assert y.dtype == np.float32
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(ensemble(X[:2]).numpy(), expected[:2], rtol=1e-6)
    assert repr(ensemble) == "Ensemble([Sequential, Sequential, Sequential])"


def test_one_model_is_itself():
    model = trained(0)
    ensemble = st.Ensemble([model])
    assert np.array_equal(ensemble.predict(X), model.predict(X))
    alone, together = model.evaluate(X, Y), ensemble.evaluate(X, Y)
    assert together.accuracy == alone.accuracy
    assert together.loss == pytest.approx(alone.loss, rel=1e-5)


def test_evaluate_judges_the_average():
    ensemble = st.Ensemble([trained(seed) for seed in (0, 1)])
    y = ensemble.predict(X).astype(float)
    scores = ensemble.evaluate(X, Y, batch_size=8)
    assert scores.loss == pytest.approx(-np.log(y[np.arange(30), Y]).mean(), rel=1e-5)
    assert scores.accuracy == np.mean(y.argmax(1) == Y)
    with pytest.raises(ValueError, match="has no loss yet"):
        st.Ensemble([network(0)]).evaluate(X, Y)


def test_logits_go_through_softmax_before_they_are_averaged():
    linear, softmax = trained(0, None), trained(1)
    first = ops.activation_forward(st.tensor(linear.predict(X)), "softmax").numpy()
    ensemble = st.Ensemble([linear, softmax])
    np.testing.assert_allclose(ensemble.predict(X), (first + softmax.predict(X)) / 2, rtol=1e-6)
    y = ensemble.predict(X)
    assert ensemble.evaluate(X, Y).loss == pytest.approx(-np.log(y[np.arange(30), Y]).mean(), rel=1e-5)


def test_outputs_of_a_regression_are_averaged_as_they_are():
    models = [trained(seed, None, "squared_error") for seed in (0, 1)]
    ensemble = st.Ensemble(models)
    expected = (models[0].predict(X) + models[1].predict(X)) / 2
    np.testing.assert_allclose(ensemble.predict(X), expected, rtol=1e-5)
    loss = ensemble.evaluate(X, np.eye(3)[Y]).loss
    assert loss == pytest.approx(0.5 * ((expected - np.eye(3)[Y]) ** 2).sum(1).mean(), rel=1e-5)


def test_certainty_that_is_wrong_costs_much_but_is_finite():
    model = network(0)
    model.layers[0].weight, model.layers[0].bias = 0.0, np.array([500.0, 0.0, -500.0])
    scores = st.Ensemble([model, model]).evaluate(X, np.full(30, 2), loss="cross_entropy")
    assert 80 < scores.loss < 100


def test_images_of_bytes_are_scaled():
    models = [
        st.Sequential([st.Flatten(), st.Dense(2, activation="softmax")], input_shape=(3, 3, 1), seed=seed)
        for seed in (0, 1)
    ]
    pixels = GENERATOR.integers(0, 256, (5, 3, 3, 1)).astype(np.uint8)
    expected = (models[0].predict(pixels) + models[1].predict(pixels)) / 2
    np.testing.assert_allclose(st.Ensemble(models).predict(pixels), expected, rtol=1e-6)


def test_texts_are_judged_where_their_mask_says():
    def tagger(seed):
        layers = [st.Embedding(6, 4, mask_zero=True), st.Dense(3, activation="softmax")]
        return st.Sequential(layers, input_shape=5, seed=seed)

    models = [tagger(seed) for seed in (0, 1)]
    x = np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0]])
    y = np.array([[0, 1, 2, 0, 0], [1, 2, 0, 0, 0]])
    p = st.Ensemble(models).predict(x).astype(float)
    counted = [-np.log(p[i, j, y[i, j]]) for i, j in np.argwhere(x)]
    alone = st.Ensemble(models[:1]).evaluate(x, y, loss="cross_entropy").loss
    assert alone == pytest.approx(models[0].evaluate(x, y, loss="cross_entropy").loss, rel=1e-5)
    together = st.Ensemble(models).evaluate(x, y, loss="cross_entropy").loss
    assert together == pytest.approx(np.mean(counted), rel=1e-5)


def test_dtypes_may_differ():
    y = st.Ensemble([network(0), network(1, dtype="float64")]).predict(X)
    assert y.dtype == np.float32 and np.allclose(y.sum(1), 1)


def named(seed, names):
    model = network(seed)
    model.class_names = names
    return model


@pytest.mark.parametrize(
    ("models", "error", "message"),
    [
        (list, ValueError, "at least one model; got none"),
        (lambda: [network(0), st.Dense(3)], TypeError, "model 2 is not a Model"),
        (lambda: [st.Sequential([st.Dense(3)])], ValueError, "model 1, Sequential, has no input_shape yet"),
        (
            lambda: [network(0), st.Sequential([st.Dense(3, activation="softmax")], input_shape=5)],
            ValueError,
            "model 1 is 4 to 3, model 2 5 to 3",
        ),
        (
            lambda: [network(0), network(1), st.Sequential([st.Dense(2)], input_shape=4)],
            ValueError,
            "model 1 is 4 to 3, model 3 4 to 2",
        ),
        (lambda: [network(0), network(1, None)], ValueError, "model 1 are probabilities.*model 2 are not"),
        (lambda: [trained(0, None), network(1, None)], ValueError, "counts as logits if the model's loss"),
        (
            lambda: [named(0, ("a", "b", "c")), named(1, ("a", "c", "b"))],
            ValueError,
            "class_names differ: model 1",
        ),
    ],
)
def test_what_cannot_be_averaged_is_refused(models, error, message):
    with pytest.raises(error, match=message):
        st.Ensemble(models())


def test_inputs_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="was built for 4, got"):
        st.Ensemble([network(0)]).predict(np.zeros((1, 5)))
