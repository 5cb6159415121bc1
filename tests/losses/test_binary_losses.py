"""Huber, binary cross-entropy and hinge as models use them: outputs, targets, accuracy, files."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


def two_sides(count=80, outputs=1, seed=0):
    """Points, and for each output whether they lie on one side of a line of its own."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 3))
    return x, (x @ generator.normal(size=(3, outputs)) > 0).astype(np.int64)


def fitted(layers, x, y, loss, **options):
    model = st.Sequential(layers, seed=0)
    options = {"optimizer": st.SGD(0.5, 0.9), "epochs": 30, "seed": 0, "verbose": 0} | options
    return model, model.fit(x, y, loss=loss, **options)


@pytest.mark.parametrize(
    ("loss", "activation", "text"),
    [
        (
            st.Huber(0.5, "sum"),
            "identity",
            "J = sum_i d_i^2 / 2 where |d_i| <= 0.5, else 0.5 (|d_i| - 0.5 / 2), d = y - t, sum over samples",
        ),
        (
            st.BinaryCrossEntropy(),
            "sigmoid",
            "J = -sum_i (t_i log y_i + (1 - t_i) log(1 - y_i)), mean over samples; "
            "with the sigmoid output, dz = y - t",
        ),
        (
            st.BinaryCrossEntropy(0.1),
            "identity",
            "J = -sum_i (t_i log p_i + (1 - t_i) log(1 - p_i)), p = sigmoid(y), mean over samples, "
            "t smoothed by 0.1; the outputs y are logits",
        ),
        (st.Hinge(), "identity", "J = sum_i max(0, 1 - t_i y_i), t_i -1 or 1, mean over samples"),
    ],
)
def test_formulas(loss, activation, text):
    assert loss.describe(activation) == text


@pytest.mark.parametrize("form", ["fused", "layer", "nested"])
@pytest.mark.parametrize("fuse", [True, False])
def test_binary_cross_entropy_on_sigmoid_and_on_logits_is_the_same(form, fuse):
    x, y = two_sides(outputs=2)
    layers = {
        "fused": [st.Dense(2, "sigmoid")],
        "layer": [st.Dense(2), st.Sigmoid()],
        "nested": [st.Sequential([st.Dense(2), st.Sigmoid()], fuse=fuse)],
    }[form]
    sigmoid, logits = st.Sequential(layers, seed=0, fuse=fuse), st.Sequential([st.Dense(2)], seed=0)
    options = {"loss": "binary_cross_entropy", "optimizer": st.SGD(0.5), "epochs": 4, "seed": 0, "verbose": 0}
    first, second = (model.fit(x, y, **options) for model in (sigmoid, logits))
    assert first.loss == second.loss and first.accuracy == second.accuracy
    assert np.array_equal(sigmoid.theta.numpy(), logits.theta.numpy())
    z = logits.predict(x).astype(float)
    assert np.allclose(sigmoid.predict(x), 1 / (1 + np.exp(-z)), atol=1e-6)


@pytest.mark.parametrize("layers", [[st.Dense(1, "sigmoid")], [st.Dense(1)], [st.Softmax(), st.Dense(1)]])
def test_gradients_of_binary_cross_entropy(layers):
    x, y = two_sides(12)
    model = st.Sequential(layers, seed=0)
    assert model.check_gradients(x, y, st.BinaryCrossEntropy(label_smoothing=0.1))


@pytest.mark.parametrize("loss", [st.Huber(0.5), st.Hinge()])
def test_gradients_of_the_others(loss):
    x, y = two_sides(12)
    assert st.Sequential([st.Dense(4, "tanh"), st.Dense(1)], seed=0).check_gradients(x, 2 * y - 1, loss)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_binary_accuracy_is_of_probabilities_or_logits(activation):
    x, y = two_sides(outputs=3)
    model, history = fitted([st.Dense(3, activation)], x, y, "binary_cross_entropy", epochs=3)
    right = (model.predict(x) > (0.5 if activation else 0)) == y
    assert model.evaluate(x, y).accuracy == pytest.approx(right.mean())
    assert 0.4 < right.mean() < 1
    assert history.accuracy[-1] > 0.6


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hinge"])
def test_two_sides_are_told_apart(loss):
    x, y = two_sides(200)
    target = 2 * y - 1 if loss == "hinge" else y
    model, history = fitted([st.Dense(1)], x, target, loss)
    assert history.accuracy[-1] > 0.97
    assert model.evaluate(x, target).accuracy == pytest.approx(((model.predict(x) > 0) == y).mean())


def test_a_metric_by_name_is_the_binary_one_too():
    x, y = two_sides()
    model, _ = fitted([st.Dense(1, "sigmoid")], x, y, "binary_cross_entropy", epochs=2)
    by_name = model.evaluate(x, y, metrics=["accuracy"]).accuracy
    assert by_name == model.evaluate(x, y, metrics=[st.BinaryAccuracy()]).accuracy < 1


def test_metrics_of_ones_own_see_probabilities():
    x, y = two_sides()
    model, _ = fitted([st.Dense(1, "sigmoid")], x, y, "binary_cross_entropy", epochs=1)

    def largest(outputs, target):
        return outputs.numpy().max()

    scores = model.evaluate(x, y, metrics=[largest], batch_size=len(x))
    assert scores.largest == pytest.approx(float(model.predict(x).max()), rel=1e-6) and scores.largest < 1


def test_huber_is_not_pulled_by_an_outlier():
    x = np.ones((11, 1))
    y = np.zeros((11, 1))
    y[0] = 1000.0
    options = {"optimizer": st.SGD(0.1), "epochs": 300}
    robust, history = fitted([st.Dense(1, bias=False)], x, y, st.Huber(1.0), **options)
    assert robust.predict(x[:1])[0, 0] == pytest.approx(0.1, abs=0.02)  # 10 w = 1 where the gradient is 0
    assert not hasattr(history, "accuracy")


@pytest.mark.parametrize("loss", [st.Huber(0.5, "sum"), st.BinaryCrossEntropy(0.1), st.Hinge("sum")])
def test_a_saved_model_keeps_its_loss(loss, tmp_path):
    x, y = two_sides()
    target = y if isinstance(loss, st.BinaryCrossEntropy) else 2 * y - 1
    model, _ = fitted([st.Dense(1)], x, target, loss, optimizer=st.SGD(0.01), epochs=1)
    model.save(tmp_path / "model.safetensors")
    loaded = st.load(tmp_path / "model.safetensors")
    assert repr(loaded.loss) == repr(loss)
    assert loaded.evaluate(x, target) == model.evaluate(x, target)


@pytest.mark.parametrize(
    ("loss", "activation", "target", "message"),
    [
        ("binary_cross_entropy", "softmax", [[1.0]], "needs a sigmoid output, or a linear one"),
        ("binary_cross_entropy", "relu", [[1.0]], "got activation='relu' on the last layer"),
        ("binary_cross_entropy", "sigmoid", [[2]], "targets lie in 0 ... 1; got 2"),
        ("binary_cross_entropy", "sigmoid", [1], r"reshape the target to \(N, ..., 1\)"),
        ("cross_entropy", "sigmoid", [[1.0]], "cross_entropy needs a softmax output"),
        ("hinge", "sigmoid", [[1.0]], "hinge needs an output that reaches from -1 to 1"),
        ("hinge", None, [[0]], "targets are -1 or 1; got 0"),
        ("huber", None, [[1.0, 2.0]], "target and output differ in shape"),
    ],
)
def test_what_is_refused(loss, activation, target, message):
    with pytest.raises(ValueError, match=message):
        fitted([st.Dense(1, activation)], np.ones((1, 3)), target, loss, epochs=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: st.Huber(0), "Huber: delta is above 0"),
        (lambda: st.Huber(float("inf")), "Huber: delta is above 0"),
        (lambda: st.BinaryCrossEntropy(1.0), "BinaryCrossEntropy: 0 <= label_smoothing < 1"),
        (lambda: st.Hinge("none"), 'reduction is "mean" or "sum"'),
    ],
)
def test_what_constructors_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()
