"""Narrow networks on small images: each one learns, has right gradients, and is the same after loading."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest

import strate as st
from strate import zoo
from strate.zoo.bottleneck import bottleneck, conv

# Side of the images, width, step. Together these take seconds, not minutes.
NARROW = {
    "alexnet_2012": (67, 0.1, 0.003),
    "alexnet": (64, 0.1, 0.001),
    "zfnet": (64, 0.1, 0.003),
    "vgg11": (32, 0.15, 0.003),
    "vgg16": (32, 0.15, 0.003),
    "googlenet": (48, 0.2, 0.01),
    "resnet18": (32, 0.1, 0.02),
    "resnet50": (32, 0.06, 0.02),
    "resnet152": (32, 0.05, 0.02),
    "resnet20": (16, 0.25, 0.05),
    "resnet110": (8, 0.25, 0.02),
    "se_resnet50": (32, 0.06, 0.02),
    "senet154": (32, 0.03, 0.04),
}
STEPS = 10
CHANCE = np.log(3)  # the loss of three classes that are all equally likely
WITH_BATCH_NORM = {"vgg11": {"batch_norm": True}}


def narrow(name, seed=0, **options):
    side, width, _ = NARROW[name]
    return zoo.MODELS[name](3, (side, side, 3), width=width, seed=seed, **options)


def batch(name, count=6):
    side = NARROW[name][0]
    x = np.random.default_rng(1).normal(size=(count, side, side, 3)).astype(np.float32)
    return x, np.arange(count) % 3


def without_dropout(name):
    """Its loss falls from step to step, not on the average."""
    return {"dropout": False} if "dropout" in signature(zoo.MODELS[name]).parameters else {}


CASES = [(name, {}) for name in NARROW] + list(WITH_BATCH_NORM.items())
NAMES = [name + ("_bn" if options else "") for name, options in CASES]


@pytest.mark.parametrize(("name", "options"), CASES, ids=NAMES)
def test_it_learns_a_batch_and_is_the_same_after_loading(name, options, tmp_path):
    model = narrow(name, **options, **without_dropout(name))
    x, y = batch(name)
    optimizer = st.SGD(NARROW[name][2], momentum=0.9)
    losses = [model.train_on_batch(x, y, loss="cross_entropy", optimizer=optimizer) for _ in range(STEPS)]
    assert np.all(np.isfinite(losses))
    heads = 1 + sum(layer.weight for layer in model.layers if isinstance(layer, st.Auxiliary))
    assert losses[-1] < 0.9 * min(losses[0], CHANCE * heads), losses
    probabilities = model.predict(x)
    assert np.all(probabilities >= 0)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    model.save(tmp_path / "m")
    assert np.array_equal(st.load(tmp_path / "m").predict(x), probabilities)


GRADIENTS = ["alexnet_2012", "zfnet", "vgg11", "googlenet", "resnet18", "resnet20"]


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    model = narrow(name)
    x, y = batch(name, 3)
    check = model.check_gradients(x, y, "cross_entropy", samples=1)
    assert check.ok, check


def test_gradients_of_a_gated_bottleneck():
    """A block of SENet: ResNet-50 whole has too many layers for differences of the loss."""
    shortcut = conv(16, 1, 2, relu=False)
    layers = [bottleneck(4, 2, shortcut, squeeze=4), bottleneck(4, 1, None, squeeze=4)]
    model = st.Sequential([*layers, st.Flatten(), st.Dense(3)], input_shape=(6, 6, 5), seed=0)
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 5))
    check = model.check_gradients(x, [0, 1, 2, 0], "cross_entropy", samples=3)
    assert check.ok, check
