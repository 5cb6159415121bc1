"""Derivatives of activations that the layer behind computes with its own gradient: the same bits as apart."""

import numpy as np
import pytest

import strate as st
from strate.layers import derivatives, tree

X = np.random.default_rng(2).normal(size=(5, 12, 10, 16)).astype(np.float32)
Y = np.arange(5) % 3


def conv(activation, filters=16, size=3, **options):
    return [st.Conv2D(filters, size, padding=size // 2, **options), st.Activation(activation)]


def block(activation="relu", shortcut=None):
    body = [*conv("relu", bias=False), st.Conv2D(16, 3, padding=1), st.BatchNorm()]
    return st.Sequential([st.Residual(st.Sequential(body), shortcut), st.Activation(activation)])


class Twice(st.Sequential):
    """A row that is not gone through in order."""

    def forward(self, x, training=False):
        return super().forward(x, training)


NETWORKS = {  # and how many layers, inside others too, leave the derivative to the one behind
    "convolutions": (lambda: [*conv("relu"), *conv("tanh", 8, 1), *conv("leaky_relu", 5)], 2),
    "pooled behind": (lambda: [*conv("relu"), st.Conv2D(20, 3), st.ReLU(), st.MaxPool2D(2)], 1),
    "few filters, pooled": (lambda: [*conv("relu", 4), st.Conv2D(6, 3), st.ReLU(), st.MaxPool2D(2)], 1),
    "pooled before": (lambda: [st.Conv2D(20, 3), st.ReLU(), st.MaxPool2D(2), *conv("relu")], 0),
    "normalised": (lambda: [st.Conv2D(8, 3), st.BatchNorm(), st.ReLU(), *conv("relu")], 0),
    "dense behind": (lambda: [*conv("relu"), st.Flatten(), st.Dense(4, activation="tanh")], 0),
    "blocks": (lambda: [*conv("relu"), block(), block("scaled_tanh"), block(), *conv("relu")], 7),
    "shortcuts": (lambda: [block(), block(shortcut=st.Conv2D(16, 1)), st.Residual(st.BatchNorm())], 4),
    "groups": (lambda: [*conv("relu"), *conv("relu", 8, groups=4), *conv("relu", 8, groups=8)], 2),
    "rows in rows": (lambda: [st.Sequential(conv("relu")), st.Sequential([*conv("relu"), *conv("relu")])], 2),
    "one's own row": (lambda: [Twice([*conv("relu"), *conv("relu")]), *conv("relu")], 0),
}


def learnt(name, layers=None, **options):
    layers = [*(layers or NETWORKS[name][0]()), st.Flatten(), st.Dense(3, activation="softmax")]
    model = st.Sequential(layers, input_shape=X.shape[1:], seed=1, **options)
    for _ in range(3):
        model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.05))
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_bits_as_apart(name, dtype, monkeypatch):
    model = learnt(name, dtype=dtype)
    leaving = [layer for _, layer in tree.walk(model) if getattr(layer, "derivative_left", False)]
    assert len(leaving) == NETWORKS[name][1]
    monkeypatch.setattr(derivatives, "link", lambda layers: None)
    apart = learnt(name, dtype=dtype)
    assert model.theta.numpy().tobytes() == apart.theta.numpy().tobytes()
    assert model.gradient.numpy().tobytes() == apart.gradient.numpy().tobytes()


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients(name):
    layers = [*NETWORKS[name][0](), st.Flatten(), st.Dense(3, activation="softmax")]
    model = st.Sequential(layers, input_shape=X.shape[1:], seed=1)
    check = model.check_gradients(X[:2], Y[:2], "cross_entropy")
    assert check.ok, check


def test_a_layer_whose_methods_were_replaced_gets_what_it_knows():
    layers = NETWORKS["convolutions"][0]()
    seen = []
    layers[0].backward = lambda dy: seen.append(dy) or type(layers[0]).backward(layers[0], dy)
    model = learnt("", layers)
    assert len(seen) == 3 and not layers[0].derivative_left and layers[2].derivative_left
    assert np.array_equal(model.theta.numpy(), learnt("convolutions").theta.numpy())


def test_without_fusion_each_layer_has_its_own():
    model = learnt("convolutions", fuse=False)
    assert not any(getattr(layer, "derivative_left", False) for _, layer in tree.walk(model))
