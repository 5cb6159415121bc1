"""Initial weights: their formulas, by name, by number, by function."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

import strate as st
from strate import initializers

UNIFORM = {
    "fan_in_uniform": lambda i, o: 2.4 / i,
    "glorot_uniform": lambda i, o: sqrt(6 / (i + o)),
    "he_uniform": lambda i, o: sqrt(6 / i),
    "lecun_uniform": lambda i, o: sqrt(3 / i),
    "small_uniform": lambda i, o: 0.05,
}
NORMAL = {
    "glorot_normal": lambda i, o: sqrt(2 / (i + o)),
    "he_normal": lambda i, o: sqrt(2 / i),
    "lecun_normal": lambda i, o: sqrt(1 / i),
}


def weights(init, layer=None):
    layer = layer or st.Dense(300, init=init)
    return layer.initialize((200,), seed=0).weight.numpy()


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_ones(name):
    limit, w = UNIFORM[name](200, 300), weights(name)
    assert 0.999 * limit < np.abs(w).max() <= limit
    assert w.std() == pytest.approx(limit / sqrt(3), rel=0.01)
    assert abs(w.mean()) < 0.01 * limit


@pytest.mark.parametrize("name", NORMAL)
def test_normal_ones(name):
    deviation, w = NORMAL[name](200, 300), weights(name)
    assert w.std() == pytest.approx(deviation, rel=0.01)
    assert np.abs(w).max() > 3.5 * deviation
    assert abs(w.mean()) < 0.02 * deviation


def test_the_fans_of_a_convolution():
    layer = st.Conv2D(64, 3, groups=4, init="he_uniform").initialize((8, 8, 32), seed=0)
    limit = sqrt(6 / (9 * 8))
    assert 0.99 * limit < np.abs(layer.weight.numpy()).max() <= limit
    layer = st.Conv2D(64, 3, groups=4, init="glorot_uniform").initialize((8, 8, 32), seed=0)
    limit = sqrt(6 / (9 * 8 + 9 * 16))
    assert 0.99 * limit < np.abs(layer.weight.numpy()).max() <= limit


def test_constants_numbers_and_functions():
    assert not weights("zeros").any()
    assert (weights(0.5) == 0.5).all()
    assert (weights(initializers.Constant(2)) == 2).all()
    w = weights(lambda shape, generator: generator.normal(size=shape))
    assert w.std() == pytest.approx(1, rel=0.01)
    assert np.array_equal(w, weights(lambda shape, generator: generator.normal(size=shape)))
    with pytest.raises(
        ValueError, match=r"returns the shape that it is given; got shape=\(3,\) for \(300, 200\)"
    ):
        weights(lambda shape, generator: np.ones(3))


def test_one_of_ones_own():
    class Half(st.Initializer):
        def fill(self, out, fan_in, fan_out, seed, stream):
            out.fill(fan_in / fan_out)

    assert (weights(Half()) == np.float32(200 / 300)).all()


def test_biases_start_at_zero():
    assert not st.Dense(3, init="he_normal").initialize((4,)).bias.numpy().any()


@pytest.mark.parametrize("init", [st.initializers.HeNormal, object(), None, [1, 2], True])
def test_what_is_not_an_initialiser(init):
    with pytest.raises(TypeError, match="init is a name, a number"):
        initializers.get(init)


@pytest.mark.parametrize(
    "init",
    ["he_normal", initializers.SmallUniform(0.2), initializers.Constant(3), initializers.SmallUniform()],
)
def test_descriptions_are_read_back(init):
    found = initializers.get(init)
    twin = initializers.get(initializers.describe(found))
    assert type(twin) is type(found)
    assert twin.config() == found.config()


def test_small_uniform_checks_its_limit():
    with pytest.raises(ValueError, match="limit is above 0"):
        initializers.SmallUniform(0)


@pytest.mark.parametrize("shape", [(5, 5), (12, 4), (4, 12), (3, 2, 2)])
def test_orthogonal(shape):
    w = st.zeros(shape, "float64")
    initializers.Orthogonal(2).fill(w, 1, 1, 3, 0)
    w = w.numpy().reshape(shape[0], -1) / 2
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    assert np.abs(product - np.eye(len(product))).max() < 1e-14
    again = st.zeros(shape, "float64")
    initializers.get("orthogonal").fill(again, 1, 1, 3, 0)
    assert np.array_equal(again.numpy().reshape(w.shape), w)
    with pytest.raises(ValueError, match=r"Orthogonal fills a matrix; got shape=\(3,\)"):
        initializers.Orthogonal().fill(st.zeros((3,)), 1, 1, 0, 0)
    with pytest.raises(ValueError, match="gain is a finite number"):
        initializers.Orthogonal(float("inf"))
