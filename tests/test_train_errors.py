"""What `fit` refuses, and that its messages say what was wrong."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


def classes(count=60, size=5, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, size)).astype(np.float32)
    return x, np.argmax(x[:, :3], 1)


def fitted(model, x, y, **options):
    given = {"loss": "cross_entropy", "optimizer": st.SGD(0.1), "epochs": 1, "seed": 0, "verbose": 0}
    return model.fit(x, y, **(given | options))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1, 3, 1], r"labels lie in 0 \.\.\. 2; got target\[2\]=3 \(row 2\)"),
        ([0, -1, 1, 1], r"target\[1\]=-1 \(row 1\)"),
        ([0, 1, 2], "x has 4 samples, y has 3"),
        ([[0], [1], [2], [1]], r"labels have shape \(N\) or \(N, 3\); got target shape \(4, 1\)"),
        (np.ones((4, 4)), r"the model gives 3 for a sample, the target has shape \(4, 4\)"),
        (np.ones(4), r"labels are whole numbers, y\.astype\(int\); got dtype=float64"),
    ],
)
def test_labels_that_do_not_fit(y, message):
    model = st.Sequential([st.Dense(3)], seed=0)
    with pytest.raises(ValueError, match=message):
        fitted(model, np.ones((4, 2)), y)


def test_nothing_broadcasts():
    model = st.Sequential([st.Dense(1)], seed=0)
    with pytest.raises(
        ValueError, match=r"target and output differ in shape.*reshape the target to \(N, \.\.\., 1\)"
    ):
        fitted(model, np.ones((4, 2)), np.ones(4), loss="squared_error")


def test_an_image_that_reached_dense_without_flatten_is_caught():
    model = st.Sequential([st.Dense(10), st.ReLU(), st.Dense(10)], seed=0)
    with pytest.raises(
        ValueError, match=r"layer 1 \(Dense\) works along the last axis of 8x8x1: put Flatten\(\)"
    ):
        fitted(model, np.ones((4, 8, 8, 1)), np.zeros(4, int))
    with pytest.raises(ValueError, match=r"put Flatten\(\)"):
        fitted(st.Sequential([st.Dense(2)]), np.ones((4, 8, 8, 1)), np.zeros((4, 2)), loss="squared_error")


def test_cross_entropy_refuses_other_activations():
    x, y = classes()
    for kind in ("relu", "sigmoid", "tanh"):
        for layers in ([st.Dense(3, activation=kind)], [st.Dense(3), st.Activation(kind)]):
            with pytest.raises(ValueError, match=f"cross_entropy needs a softmax output.*'{kind}'"):
                fitted(st.Sequential(layers), x, y)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"loss": "mse"}, ValueError, "loss is one of .*cross_entropy, .*squared_error"),
        ({"loss": None}, TypeError, "loss is a name or a Loss"),
        ({"optimizer": "sgd"}, TypeError, r"optimizer is an Optimizer, such as SGD\(0.1\)"),
        ({"epochs": -1}, ValueError, "epochs is a whole number"),
        ({"epochs": 1.5}, ValueError, "epochs is a whole number"),
        ({"batch_size": 0}, ValueError, "batch_size is a whole number, at least 1"),
        ({"validation_split": 1.0}, ValueError, "0 <= validation_split < 1"),
        ({"validation_split": 0.001}, ValueError, "leaves 0 to judge and 60 to learn from"),
        ({"validation_split": "half"}, ValueError, "got validation_split='half'"),
        ({"validation_split": 0.5, "validation_data": (1, 2)}, ValueError, "got both"),
        ({"validation_data": (1,)}, TypeError, r"validation_data is a pair \(x, y\); got a tuple of 1"),
        ({"validation_data": 1}, TypeError, r"validation_data is a pair \(x, y\); got a int"),
        ({"metrics": 1}, TypeError, "metrics are a list of names, Metrics and functions; got metrics=1"),
        ({"callbacks": None}, TypeError, "callbacks are a list of Callbacks; got callbacks=None"),
        ({"metrics": ["f1"]}, ValueError, "metric is one of accuracy"),
        ({"metrics": ["accuracy", st.Accuracy()]}, ValueError, "different names"),
        ({"callbacks": [print]}, TypeError, "a callback is a Callback"),
        ({"verbose": 3}, ValueError, "verbose is 0, 1 or 2"),
        ({"device": "cuda"}, RuntimeError, "CUDA"),
        ({"device": "tpu"}, ValueError, '"cpu" or "cuda"'),
    ],
)
def test_what_fit_refuses(options, error, message):
    x, y = classes()
    with pytest.raises(error, match=message):
        fitted(st.Sequential([st.Dense(3)]), x, y, **options)


def test_samples_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="samples have one shape"):
        fitted(st.Sequential([st.Dense(3)]), [[1, 2], [3]], [0, 1])


def test_labels_for_squared_error_are_refused_with_the_way_to_one_hot():
    with pytest.raises(ValueError, match=r"by numpy\.eye\(3\)\[y\]"):
        fitted(st.Sequential([st.Dense(3)]), *classes(), loss="squared_error")


def test_no_data_is_refused():
    model = st.Sequential([st.Dense(3)], input_shape=5)
    x, y = np.zeros((0, 5)), np.zeros(0, int)
    with pytest.raises(ValueError, match=r"there are no data; got x of shape \(0, 5\)"):
        fitted(model, x, y)
    with pytest.raises(ValueError, match="there are no data"):
        model.evaluate(x, y, loss="cross_entropy")
    with pytest.raises(ValueError, match="there are no validation data"):
        fitted(model, *classes(), validation_data=(x, y))
