"""Adam, AdamW, RMSProp and Adagrad over the flat theta: formulas, memory, limits, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

MAKE = {
    "Adam": lambda: st.Adam(0.05, weight_decay=0.1),
    "AdamW": lambda: st.AdamW(0.05, weight_decay=0.1),
    "RMSProp": lambda: st.RMSProp(0.05, rho=0.8),
    "RMSProp-momentum": lambda: st.RMSProp(0.05, momentum=0.5, weight_decay=0.1),
    "Adagrad": lambda: st.Adagrad(0.05, weight_decay=0.1),
}
every = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


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


def by_hand(optimizer, theta, g, kept, t):
    """theta after one step, in numpy; `kept` holds the averages."""
    rate, decay = 0.05, optimizer.weight_decay
    if isinstance(optimizer, st.AdamW):
        theta = theta * (1 - rate * decay)
    else:
        g = g + decay * theta
    if isinstance(optimizer, st.Adagrad):
        kept["s"] = kept["s"] + g**2
        return theta - rate * g / (np.sqrt(kept["s"]) + 1e-8)
    if isinstance(optimizer, st.RMSProp):
        kept["s"] = optimizer.rho * kept["s"] + (1 - optimizer.rho) * g**2
        kept["m"] = optimizer.momentum * kept["m"] + g / (np.sqrt(kept["s"]) + 1e-8)
        return theta - rate * kept["m"]
    kept["m"] = 0.9 * kept["m"] + 0.1 * g
    kept["s"] = 0.999 * kept["s"] + 0.001 * g**2
    m, s = kept["m"] / (1 - 0.9**t), kept["s"] / (1 - 0.999**t)
    return theta - rate * m / (np.sqrt(s) + 1e-8)


@every
def test_steps_by_hand(make):
    model, optimizer = network(), make()
    theta, kept = model.theta.numpy().copy(), {"m": 0.0, "s": 0.0}
    for seed in range(5):
        theta = by_hand(optimizer, theta, step(model, optimizer, seed), kept, seed + 1)
        assert np.allclose(model.theta.numpy(), theta, rtol=1e-12, atol=1e-15)
    assert optimizer.steps == 5


@pytest.mark.parametrize("kind", [st.Adam, st.AdamW, st.RMSProp, st.Adagrad])
def test_it_learns_the_digits(kind):
    (x, y), (x_test, y_test) = st.data.digits()
    model = st.Sequential([st.Flatten(), st.Dense(32, "relu"), st.Dense(10, "softmax")], seed=0)
    model.fit(x, y, loss="cross_entropy", optimizer=kind(0.01), epochs=5, seed=0, verbose=0)
    assert model.evaluate(x_test, y_test).accuracy > 0.85


@every
def test_the_same_model_goes_on_and_another_starts_anew(make):
    def weights(optimizer, model, seeds):
        for seed in seeds:
            step(model, optimizer, seed)
        return model.theta.numpy().copy()

    optimizer = make()
    expected = weights(make(), network(), range(4))
    model = network()
    weights(optimizer, model, range(2))
    assert np.array_equal(weights(optimizer, model, range(2, 4)), expected)
    assert np.array_equal(weights(optimizer, network(), range(4)), expected)
    assert optimizer.steps == 4


@every
def test_the_same_bits_for_any_number_of_threads(make):
    found = set()
    before = st.num_threads()
    try:
        for threads in (1, 2, 7):
            st.set_num_threads(threads)
            model = st.Sequential([st.Dense(300), st.Dense(2)], input_shape=200, seed=0)
            optimizer, x = make(), np.random.default_rng(0).normal(size=(8, 200))
            for _ in range(3):
                model.train_on_batch(x, np.ones((8, 2)), loss="squared_error", optimizer=optimizer)
            found.add(model.theta.numpy().tobytes())
    finally:
        st.set_num_threads(before)
    assert len(found) == 1


@every
def test_a_frozen_layer_keeps_its_weights(make):
    model, optimizer = network(), make()
    model.layers[0].trainable = False
    before = {name: value.numpy().copy() for name, value in model.parameters().items()}
    step(model, optimizer, 0)
    for name, value in model.parameters().items():
        assert np.array_equal(value.numpy(), before[name]) is name.startswith("0")


def test_schedules_reach_the_kernel():
    model, optimizer = network(), st.Adam(st.schedules.StepDecay(1.0, 0.5, every=1))
    step(model, optimizer, 0)
    optimizer.set_epoch(1)
    before = model.theta.numpy().copy()
    model.theta.fill(0.0)
    g = step(model, optimizer, 0)
    moved = np.abs(model.theta.numpy())[g != 0]
    assert before.size and np.allclose(moved, 0.5, rtol=1e-3)


def test_biases_can_be_left_out_of_weight_decay():
    model = network()
    model.theta.fill(1.0)
    optimizer = st.AdamW(0.1, weight_decay=0.5, decay_biases=False)
    model.train_on_batch(np.ones((2, 4)), np.zeros((2, 2)), loss=Recorded(), optimizer=optimizer)
    for name, value in model.parameters().items():
        assert set(value.numpy().ravel().tolist()) == {1.0 if "bias" in name else 0.95}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: st.Adam(beta_1=1.0), "Adam: 0 <= beta_1 < 1; got beta_1=1"),
        (lambda: st.AdamW(beta_2=-0.1), "AdamW: 0 <= beta_2 < 1"),
        (lambda: st.Adam(epsilon=0), "Adam: epsilon is at least 1e-30"),
        (lambda: st.RMSProp(rho=float("nan")), "RMSProp: 0 <= rho < 1"),
        (lambda: st.RMSProp(momentum=1), "RMSProp: 0 <= momentum < 1"),
        (lambda: st.Adagrad(weight_decay=-1), "weight_decay is a finite number, 0 or more"),
        (lambda: st.Adam(-1), "learning_rate is a finite number"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_repr():
    assert repr(st.Adam()) == "Adam(learning_rate=0.001)"
    assert repr(st.AdamW(0.1, 0.8)) == "AdamW(learning_rate=0.1, beta_1=0.8, weight_decay=0.01)"
    assert repr(st.RMSProp(clip_value=2)) == "RMSProp(learning_rate=0.001, clip_value=2)"
