"""Limits of the gradient, by its length and by component, for every optimiser."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


class Plain(st.Optimizer):
    """Gradient descent as a user would write it."""

    def update(self, theta, gradient):
        theta.numpy()[:] -= self.rate * gradient.numpy()


class Given(st.Loss):
    """A loss whose gradient by the outputs is the target."""

    def __call__(self, y, target):
        return 0.0, target


def network(**options):
    layers = [st.Dense(3), st.Dense(2)]
    return st.Sequential(layers, input_shape=4, dtype="float64", **{"seed": 0, **options})


def moved(optimizer, model, scale=1.0):
    """The gradient of a step as backward wrote it, and by how much theta moved."""
    generator = np.random.default_rng(0)
    x, dy = generator.normal(size=(5, 4)), scale * generator.normal(size=(5, 2))
    before = model.theta.numpy().copy()
    model.train_on_batch(x, dy, loss=Given(), optimizer=optimizer)
    return model.gradient.numpy().copy(), before - model.theta.numpy()


@pytest.mark.parametrize("kind", [st.SGD, Plain])
def test_a_long_gradient_is_scaled_down(kind):
    g, step = moved(kind(1.0, clip_norm=0.25), network())
    assert np.linalg.norm(g) > 1  # the buffer holds the gradient as it was
    assert np.linalg.norm(step) == pytest.approx(0.25, rel=1e-12)
    assert np.allclose(step, 0.25 * g / np.linalg.norm(g))


@pytest.mark.parametrize("kind", [st.SGD, Plain])
def test_components_are_cut_off(kind):
    g, step = moved(kind(1.0, clip_value=0.25), network())
    assert np.abs(g).max() > 0.3
    assert np.allclose(step, np.clip(g, -0.25, 0.25))


@pytest.mark.parametrize("kind", [st.SGD, Plain])
def test_a_short_gradient_is_left_alone(kind):
    free, limited = network(), network()
    moved(kind(1.0), free)
    optimizer = kind(1.0, clip_norm=1e3)
    moved(optimizer, limited)
    assert np.array_equal(free.theta.numpy(), limited.theta.numpy())


def test_a_step_after_a_clipped_one_is_not_clipped():
    optimizer, model = st.SGD(1.0, clip_norm=0.25), network()
    moved(optimizer, model)
    g, step = moved(optimizer, model, scale=1e-3)
    assert np.allclose(step, g, rtol=1e-9)


@pytest.mark.parametrize("kind", [st.SGD, Plain])
def test_only_what_is_trained_counts(kind):
    model = network()
    model.layers[0].trainable = False
    _, step = moved(kind(1.0, clip_norm=0.25), model)
    assert np.linalg.norm(step) == pytest.approx(0.25, rel=1e-12)


@pytest.mark.parametrize("kind", [st.Adam, st.AdamW, st.RMSProp, st.Adagrad])
@pytest.mark.parametrize("limit", ["clip_norm", "clip_value"])
def test_adaptive_averages_take_the_clipped_gradient(kind, limit):
    optimizer, model = kind(1e-3, **{limit: 0.25}), network()
    g, _ = moved(optimizer, model)
    clipped = g * 0.25 / np.linalg.norm(g) if limit == "clip_norm" else np.clip(g, -0.25, 0.25)
    share = {st.RMSProp: 0.1, st.Adagrad: 1.0}.get(kind, 0.001)
    assert np.allclose(optimizer.square.numpy(), share * clipped**2, rtol=1e-12)


@pytest.mark.parametrize("kind", [st.SGD, Plain])
@pytest.mark.parametrize("limit", ["clip_norm", "clip_value"])
def test_what_is_not_finite_still_ends_training(kind, limit):
    model = network()
    before = model.theta.numpy().copy()
    with pytest.raises(st.NonFiniteError):
        moved(kind(1.0, **{limit: 1.0}), model, scale=np.inf)
    assert np.array_equal(model.theta.numpy(), before)


@pytest.mark.parametrize("kind", [st.SGD, Plain, st.Adam])
@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"clip_norm": 0}, "clip_norm is a finite number above 0, or None; got clip_norm=0"),
        ({"clip_value": -1}, "clip_value is a finite number above 0"),
        ({"clip_norm": float("nan")}, "clip_norm is a finite number above 0"),
        ({"clip_norm": 1, "clip_value": 1}, "give clip_norm or clip_value"),
    ],
)
def test_what_is_refused(kind, limits, message):
    with pytest.raises(ValueError, match=message):
        kind(0.1, **limits)


def test_repr_says_the_limit():
    assert repr(st.SGD(0.1, clip_norm=1)) == "SGD(learning_rate=0.1, clip_norm=1)"
    assert repr(Plain(0.1, clip_value=0.5)) == "Plain(learning_rate=0.1, clip_value=0.5)"
