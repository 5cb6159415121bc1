"""Residual blocks: the sum, and the passes that it is computed in."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from branches import Double, X, Y, network, normalised


def test_residual_adds():
    layer = st.Residual(st.Dense(4, init="zeros"))
    assert np.array_equal(layer(X).numpy(), X)
    both = st.Residual(st.Identity(), st.Identity())
    assert np.array_equal(both(X).numpy(), 2 * X)


def test_a_relu_is_computed_with_the_sum():
    model = network("residual")
    fused = [row.layer for row in model.summary().rows if row.fused]
    assert fused == ["ReLU (in 1)", "ReLU (in 3)"]


class Plain(st.Residual):
    """The sum in a pass of its own, after the body and before what follows."""

    def forward(self, x, training=False):
        other = x if self.shortcut is None else self.forward_of(self.shortcut, x, training)
        return self._sum(self.forward_of(self.body, x, training), other, x, training)

    def backward(self, dy):
        y, _ = self.take_saved()
        dz, dother = st._core.combine_backward(dy, y, None, None, dy.shape, self.kernel)
        if self.shortcut is not None:
            dother = self.backward_of(self.shortcut, dother)
        return st.tensor(self.backward_of(self.body, dz).numpy() + dother.numpy())


BODIES = {
    "convolutions": lambda: [st.Conv2D(4, 3, padding=1, activation="relu"), st.Conv2D(4, 3, padding=1)],
    "connections": lambda: [st.Conv2D(4, 3, padding=1, connections=np.eye(4))],
    "activation": lambda: [st.Conv2D(4, 3, padding=1, activation="tanh")],
    "pooled": lambda: [st.Conv2D(4, 3, padding=2), st.MaxPool2D(3, stride=1)],
    "normalised": lambda: [normalised(4)],
    "folded": lambda: [st.Conv2D(4, 1, bias=False), st.BatchNorm()],
    "norm and relu": lambda: [st.Conv2D(4, 1), st.BatchNorm(), st.ReLU()],
    "norm": lambda: [st.BatchNorm()],
    "norm and dense": lambda: [st.BatchNorm(), st.Dense(4)],
    "dense and norm": lambda: [st.Dense(4), st.BatchNorm()],
    "own layer": lambda: [Double()],
    "own layer inside": lambda: [Double(), st.Conv2D(4, 1), Double()],
    "nested": lambda: [st.Sequential([st.Conv2D(4, 1)]), st.Residual(st.Sequential([st.Conv2D(4, 1)]))],
}


@pytest.mark.parametrize("shortcut", [False, True])
@pytest.mark.parametrize("name", BODIES)
def test_a_sum_in_the_bodys_own_pass_has_the_same_bits(name, shortcut):
    found = []
    for kind in (st.Residual, Plain):
        block = kind(st.Sequential(BODIES[name]()), st.Conv2D(4, 1) if shortcut else None)
        layers = [st.Conv2D(4, 1), block, st.ReLU(), st.Flatten(), st.Dense(3, activation="softmax")]
        model = st.Sequential(layers, input_shape=(6, 6, 4), seed=1)
        y = [model.predict(X)]
        for _ in range(3):
            model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
        y.append(model.predict(X))
        found.append((y[0].tobytes(), y[1].tobytes(), model.gradient.numpy().tobytes()))
    assert found[0] == found[1]


def test_methods_replaced_inside_a_body_are_called():
    model = network("normalised residual")
    model.allocate()
    first, last = (model.layers[0].body.layers[place] for place in (0, 3))
    calls = []
    for layer, name in ((first, "backward"), (last, "forward")):
        method = getattr(layer, name)
        setattr(layer, name, lambda *given, m=method, n=name: calls.append(n) or m(*given))
    model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
    assert calls == ["forward", "backward"]
