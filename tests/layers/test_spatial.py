"""Layers that change the size of images, and the layers of LeNet-5's ends: files, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from strate.layers import digit_codes

LAYERS = {
    "transpose": [st.Conv2DTranspose(4, 3, stride=2, padding=1, output_padding=1, activation="tanh")],
    "transpose-absorbs": [st.Conv2DTranspose(3, 2, stride=2, groups=1), st.Sigmoid()],
    "transpose-dilated": [st.Conv2DTranspose(4, (2, 3), dilation=2, groups=2, bias=False)],
    "transpose-norm": [st.Conv2DTranspose(3, 2, stride=2), st.BatchNorm(), st.ReLU()],
    "sub-sample-norm": [st.SubSample2D(2), st.BatchNorm()],
    "nearest": [st.UpSample2D(2)],
    "bilinear": [st.UpSample2D((3, 2), "bilinear")],
    "sub-sample": [st.SubSample2D(2, activation="scaled_tanh", init="fan_in_uniform")],
    "sub-sample-absorbs": [st.SubSample2D((3, 2)), st.Tanh()],
    "rescaling": [st.Rescaling(2.0, -1.0, padding=((1, 0), (2, 1)))],
    "rbf": [st.Flatten(), st.Dense(5), st.RBF(3)],
}
SHAPE = (5, 6, 2)


def network(name, dtype="float32"):
    layers = [type(layer)(**layer.config()) for layer in LAYERS[name]]
    end = [] if name == "rbf" else [st.Flatten(), st.Dense(3)]
    return st.Sequential([st.Conv2D(2, 1), *layers, *end], input_shape=SHAPE, seed=3, dtype=dtype)


def data(count=3):
    x = np.random.default_rng(0).normal(size=(count, *SHAPE))
    return x, np.random.default_rng(1).normal(size=(count, 3))


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_by_differences(name):
    check = network(name).check_gradients(*data(), "squared_error")
    assert check.ok, check


@pytest.mark.parametrize("name", LAYERS)
def test_a_saved_model_gives_the_same_bits(name, tmp_path):
    x, y = data(8)
    model = network(name)
    model.fit(x, y, loss="squared_error", optimizer=st.SGD(1e-3), epochs=2, verbose=0)
    model.save(tmp_path / "m")
    assert np.array_equal(st.load(tmp_path / "m").predict(x), model.predict(x))


@pytest.mark.parametrize("name", LAYERS)
def test_an_empty_batch(name):
    model = network(name)
    y = model.forward(st.ones((0, *SHAPE)), training=True)
    assert model.backward(y).shape == (0, *SHAPE)
    assert not model.gradient.numpy().any()


def test_activations_are_absorbed():
    for name in ("transpose-absorbs", "sub-sample-absorbs"):
        assert [row.fused for row in network(name).summary().rows].count(True) == 1


BUILT = [
    (st.Conv2DTranspose(8, 2, stride=2), (7, 9, 4), (14, 18, 8), 4 * 4 * 8 + 8, 7 * 9 * 4 * 4 * 8),
    (st.Conv2DTranspose(6, 3, stride=2, padding=1, output_padding=1), (7, 7, 2), (14, 14, 6), 114, None),
    (st.Conv2DTranspose(4, 3, groups=2, dilation=2, bias=False), (5, 5, 6), (9, 9, 4), 9 * 6 * 2, None),
    (st.UpSample2D(2), (7, 9, 4), (14, 18, 4), 0, 0),
    (st.SubSample2D(2), (28, 28, 6), (14, 14, 6), 12, 5_880),
    (st.SubSample2D((2, 3)), (5, 7, 4), (2, 2, 4), 8, 2 * 2 * 4 * 7),
    (st.Rescaling(2.0, padding=2), (28, 28, 1), (32, 32, 1), 0, 0),
    (st.RBF(10), (84,), (10,), 0, 840),
]


@pytest.mark.parametrize(
    ("layer", "given", "output", "parameters", "work"), BUILT, ids=lambda value: str(value)[:40]
)
def test_shapes_parameters_and_work(layer, given, output, parameters, work):
    model = st.Sequential([layer], input_shape=given)
    assert model.output_shape == output
    assert model.summary().parameters == parameters
    assert work is None or layer.multiply_adds() == work
    assert model.forward(st.ones((2, *given))).shape == (2, *output)


def test_a_transposed_convolution_is_the_adjoint_of_the_convolution_with_its_weight():
    down = st.Conv2D(5, 3, stride=2, padding=1, bias=False).initialize((8, 7, 2), seed=0, dtype="float64")
    up = st.Conv2DTranspose(2, 3, stride=2, padding=1, output_padding=(1, 0), bias=False)
    up.initialize((4, 4, 5), dtype="float64")
    up.weight = down.weight
    x = np.random.default_rng(0).normal(size=(1, 8, 7, 2))
    y = np.random.default_rng(1).normal(size=(1, 4, 4, 5))
    assert np.isclose((down(x).numpy() * y).sum(), (up(y).numpy() * x).sum(), rtol=1e-12)


def test_rescaling_pads_before_it_scales():
    y = st.Rescaling(1.275, -0.1, padding=1)(np.ones((1, 2, 2, 3))).numpy()
    assert np.allclose(y[0, 1:3, 1:3], 1.175) and np.allclose(y[0, 0], -0.1) and np.allclose(y[0, :, 3], -0.1)


def test_codes_of_ones_own_and_by_chance():
    codes = [[1.0, 2.0], [0.0, 0.0], [3.0, -1.0]]
    layer = st.RBF(3, codes).initialize((2,))
    assert layer.codes.tolist() == codes
    assert layer(st.tensor([[3.0, 0.0]])).tolist() == [[-8.0, -9.0, -1.0]]
    drawn = st.RBF(4).initialize((30,), seed=1).codes.numpy()
    assert set(np.unique(drawn)) == {-1.0, 1.0}
    assert np.array_equal(st.RBF(10).initialize((84,)).codes.numpy(), digit_codes())


def test_the_pictures_of_digits_differ():
    codes = digit_codes()
    assert codes.shape == (10, 84) and set(np.unique(codes)) == {-1.0, 1.0}
    differing = (codes[:, None] != codes[None]).sum(2)
    assert differing[~np.eye(10, dtype=bool)].min() >= 14


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: st.UpSample2D(0), "factor is at least 1"),
        (lambda: st.UpSample2D(2, "cubic"), "kind is one of nearest, bilinear; got kind='cubic'"),
        (lambda: st.Conv2DTranspose(4, 3, output_padding=1), "output_padding is smaller than the stride"),
        (lambda: st.Conv2DTranspose(3, 3, groups=2), "groups divides filters"),
        (lambda: st.Conv2DTranspose(3, 3, padding="same"), 'got padding="same"'),
        (lambda: st.SubSample2D(0), "window is at least 1"),
        (lambda: st.Rescaling(float("nan")), "scale and offset are finite"),
        (lambda: st.RBF(0), "classes: every size is at least 1"),
        (lambda: st.RBF(3, [[1.0, 2.0]]), r"codes is a table \(3, inputs\); got shape=\(1, 2\)"),
    ],
)
def test_constructors_refuse_at_once(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "given", "message"),
    [
        (st.SubSample2D(3), (2, 2, 1), "a 3x3 window does not fit 2x2x1"),
        (st.Conv2DTranspose(3, 2, padding=2), (2, 2, 1), "the padding leaves a pixel of y"),
        (st.Conv2DTranspose(4, 2, groups=2), (4, 4, 3), "groups divides channels; got channels=3"),
        (st.UpSample2D(), (4, 4), "height x width x channels"),
        (st.RBF(3), (4, 4), r"RBF takes a vector, \(inputs\)"),
        (st.RBF(2, [[1.0], [2.0]]), (4,), r"codes is a table \(2, 4\); got shape=\(2, 1\)"),
    ],
)
def test_builds_that_are_refused(layer, given, message):
    with pytest.raises(ValueError, match=message):
        st.Sequential([layer], input_shape=given)
