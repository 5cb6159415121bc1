"""SGD over the flat theta: its formulas, segments, and optimisers of the user's own."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from strate.optim.optimizer import segments


class Recorded(st.Loss):
    """A loss whose gradient by the outputs is given, so that a step can be worked out by hand."""

    def __call__(self, y, target):
        return 0.0, target


def network(**options):
    return st.Sequential([st.Dense(3), st.Dense(2)], input_shape=4, dtype="float64", **{"seed": 0, **options})


def step(model, optimizer, seed):
    generator = np.random.default_rng(seed)
    x, dy = generator.normal(size=(5, 4)), generator.normal(size=(5, 2))
    model.train_on_batch(x, dy, loss=Recorded(), optimizer=optimizer)
    return model.gradient.numpy().copy()


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_steps_by_hand(momentum, nesterov, decay):
    model = network()
    theta, velocity = model.theta.numpy().copy(), 0.0
    optimizer = st.SGD(0.05, momentum, nesterov, decay)
    for seed in range(4):
        g = step(model, optimizer, seed) + decay * theta
        velocity = momentum * velocity + g
        theta -= 0.05 * (g + momentum * velocity if nesterov else velocity)
        assert np.allclose(model.theta.numpy(), theta, rtol=1e-12, atol=1e-15)


def test_biases_can_be_left_out_of_weight_decay():
    def after(decay_biases):
        model = network()
        model.theta.fill(1.0)
        optimizer = st.SGD(0.1, weight_decay=0.5, decay_biases=decay_biases)
        model.train_on_batch(np.ones((2, 4)), np.zeros((2, 2)), loss=Recorded(), optimizer=optimizer)
        return {name: set(value.numpy().ravel().tolist()) for name, value in model.parameters().items()}

    names = ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert after(True) == {name: {0.95} for name in names}
    assert after(False) == {name: {1.0 if "bias" in name else 0.95} for name in names}


@pytest.mark.parametrize("frozen", [0, 1])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_frozen_layer_keeps_its_weights(frozen, momentum):
    model = network()
    model.layers[frozen].trainable = False
    before = {name: value.numpy().copy() for name, value in model.parameters().items()}
    optimizer = st.SGD(0.1, momentum, weight_decay=0.1)
    for seed in range(3):
        step(model, optimizer, seed)
    for name, value in model.parameters().items():
        same = np.array_equal(value.numpy(), before[name])
        assert same is name.startswith(str(frozen))
    assert not model.layers[frozen].dweight.numpy().any()


def test_all_frozen_changes_nothing():
    model = network()
    model.trainable = False
    before = model.theta.numpy().copy()
    step(model, st.SGD(0.1, 0.9, weight_decay=0.1), 0)
    assert np.array_equal(model.theta.numpy(), before)


def test_segments_are_joined():
    model = network()
    optimizer = st.SGD(0.1)
    optimizer.follow(model)
    assert optimizer.segments == [[0, model.theta.size, 1]]
    each = segments(model, decay_biases=True, joined=False)
    assert [row[0] for row in each] == [place.begin for place in model.places()]
    assert [row[1] for row in each] == [*(row[0] for row in each[1:]), model.theta.size]
    optimizer = st.SGD(0.1, weight_decay=0.1, decay_biases=False)
    optimizer.follow(model)
    assert [row[2] for row in optimizer.segments] == [1, 0, 1, 0]
    model.layers[0].trainable = False
    optimizer.follow(model)
    assert len(optimizer.segments) == 2
    assert optimizer.segments[0][0] == model.places()[2].begin


def test_a_layer_frozen_between_epochs_stays():
    model = network()
    kept = []

    def freeze(training):
        model.layers[0].trainable = False
        kept.append(model.layers[0].weight.numpy().copy())

    x, y = np.random.default_rng(0).normal(size=(8, 4)), np.arange(8) % 2
    options = {"loss": "cross_entropy", "optimizer": st.SGD(0.1), "verbose": 0}
    model.fit(x, y, epochs=3, callbacks=[st.LambdaCallback(on_epoch_end=freeze)], **options)
    assert len(kept) == 3
    assert np.array_equal(kept[0], kept[2])


def test_an_optimiser_of_ones_own_leaves_frozen_layers_alone():
    class Signs(st.Optimizer):
        def update(self, theta, gradient):
            theta.numpy()[:] -= self.rate * np.sign(gradient.numpy()) + 0.001

    model = network()
    before = model.parameters()["0.weight"].numpy().copy(), model.parameters()["1.weight"].numpy().copy()
    model.layers[0].trainable = False
    gradient = step(model, Signs(0.25), 0)
    assert np.array_equal(model.parameters()["0.weight"].numpy(), before[0])
    place = model.places()[2]
    moved = before[1] - model.parameters()["1.weight"].numpy()
    expected = 0.25 * np.sign(gradient[place.begin : place.end]).reshape(3, 2).T + 0.001
    assert np.allclose(moved, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"momentum": 1.0}, "0 <= momentum < 1"),
        ({"momentum": -0.1}, "momentum is a finite number, 0 or more"),
        ({"nesterov": True}, "nesterov needs momentum"),
        ({"weight_decay": -1}, "weight_decay is a finite number, 0 or more"),
        ({"weight_decay": float("nan")}, "weight_decay"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        st.SGD(0.1, **arguments)


def test_repr():
    assert repr(st.SGD(0.1, 0.9, nesterov=True)) == "SGD(learning_rate=0.1, momentum=0.9, nesterov=True)"
    assert "StepDecay(rate=0.1" in repr(st.SGD(st.schedules.StepDecay(0.1)))
