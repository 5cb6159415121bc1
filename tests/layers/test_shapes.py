"""Shapes, parameters and configurations of the layers, and the errors of their constructors and builds."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

BUILT = [
    (st.Dense(10), (7,), (10,), 80, 70),
    (st.Dense(10, bias=False), (3, 7), (3, 10), 70, 210),
    (st.Conv2D(6, 5), (32, 32, 3), (28, 28, 6), 456, 28 * 28 * 6 * 75),
    (st.Conv2D(6, 5, padding=2), (28, 28, 1), (28, 28, 6), 156, 117_600),
    (st.Conv2D(4, (3, 1), stride=(2, 1), padding="same", bias=False), (9, 8, 2), (5, 8, 4), 24, 5 * 8 * 24),
    (st.Conv2D(8, 3, groups=4, dilation=2), (9, 9, 4), (5, 5, 8), 8 * 9 + 8, 5 * 5 * 8 * 9),
    (st.MaxPool2D(2), (28, 28, 6), (14, 14, 6), 0, 0),
    (st.MaxPool2D(3, 2), (28, 28, 6), (13, 13, 6), 0, 0),
    (st.MaxPool2D(3, 2, ceil=True), (28, 28, 6), (14, 14, 6), 0, 0),
    (st.AveragePool2D((2, 4)), (28, 28, 6), (14, 7, 6), 0, 0),
    (st.AveragePool2D(3, 1, padding="same"), (5, 6, 1), (5, 6, 1), 0, 0),
    (st.Flatten(), (4, 4, 16), (256,), 0, 0),
    (st.Flatten(), (), (1,), 0, 0),
    (st.Reshape((4, -1)), (2, 6), (4, 3), 0, 0),
    (st.Dropout(0.5), (3, 4), (3, 4), 0, 0),
    (st.Softmax(), (3, 4), (3, 4), 0, 0),
]


@pytest.mark.parametrize(
    ("layer", "given", "output", "parameters", "work"), BUILT, ids=lambda value: str(value)[:40]
)
def test_shapes_parameters_and_work(layer, given, output, parameters, work):
    model = st.Sequential([layer], input_shape=given) if given else st.Sequential([layer])
    if not given:
        model.declare_all(())
    assert layer.output_shape == output
    assert model.summary().parameters == parameters
    assert layer.multiply_adds() == work
    assert model.forward(st.ones((3, *given))).shape == (3, *output)


@pytest.mark.parametrize("count", [0, 1])
def test_every_layer_takes_an_empty_batch(count):
    for kind, given in (
        (st.Dense(3, activation="relu"), (4,)),
        (st.Conv2D(3, 2, activation="relu"), (4, 4, 2)),
        (st.MaxPool2D(2), (4, 4, 2)),
        (st.AveragePool2D(2), (4, 4, 2)),
        (st.Flatten(), (4, 4)),
        (st.Reshape((2, 8)), (4, 4)),
        (st.Dropout(0.5), (4,)),
        (st.Softmax(), (4,)),
    ):
        layer = kind.initialize(given, seed=0)
        for declared in layer._declared:
            setattr(layer, "d" + declared.name, 1.0)
        y = layer.forward(st.ones((count, *given)), training=True)
        assert layer.backward(y).shape == (count, *given)
        if count == 0:
            assert not layer._buffers.gradient.numpy().any()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: st.Dense(0), ValueError, "units: every size is at least 1"),
        (lambda: st.Dense(-3), ValueError, "units"),
        (lambda: st.Dense(2.5), TypeError, "units"),
        (lambda: st.Dense("10"), TypeError, "units"),
        (lambda: st.Dense(3, activation="rely"), ValueError, "activation is one of identity, relu.*'rely'"),
        (lambda: st.Dense(3, activation=st.ReLU), ValueError, "activation is one of"),
        (lambda: st.Dense(3, init="he"), ValueError, "init is one of .*he_normal"),
        (lambda: st.Dense(3, init=[1, 2, 3]), TypeError, "init"),
        (lambda: st.Conv2D(0, 3), ValueError, "filters"),
        (lambda: st.Conv2D(3, 0), ValueError, "kernel_size is at least 1"),
        (lambda: st.Conv2D(3, 3, stride=0), ValueError, "stride is at least 1"),
        (lambda: st.Conv2D(3, 3, dilation=(1, 0)), ValueError, "dilation"),
        (lambda: st.Conv2D(3, 3, padding=-1), ValueError, "padding is at least 0"),
        (lambda: st.Conv2D(3, 3, padding="sane"), ValueError, '"same" or "valid"'),
        (lambda: st.Conv2D(6, 3, groups=4), ValueError, "groups divides filters"),
        (lambda: st.MaxPool2D(0), ValueError, "window is at least 1"),
        (lambda: st.AveragePool2D(2, stride=-1), ValueError, "stride is at least 1"),
        (lambda: st.Dropout(1.0), ValueError, "0 <= rate < 1"),
        (lambda: st.Dropout(-0.1), ValueError, "0 <= rate < 1"),
        (lambda: st.Dropout(float("nan")), ValueError, "0 <= rate < 1"),
        (lambda: st.Activation("gelu"), ValueError, "activation is one of"),
        (lambda: st.LeakyReLU(float("inf")), ValueError, "slope is a finite number"),
        (lambda: st.Reshape((-1, -1)), ValueError, "at most one size is -1"),
        (lambda: st.Reshape((0, 3)), ValueError, "shape"),
    ],
)
def test_constructors_refuse_at_once(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "given", "message"),
    [
        (st.Conv2D(3, 5), (4, 4, 16), r"a 5x5 kernel does not fit 4x4x16 \(padding 0\)"),
        (st.Conv2D(3, 3, dilation=2), (4, 4, 1), r"a 3x3 kernel \(dilation 2x2: 5x5\) does not fit 4x4x1"),
        (st.Conv2D(3, 3), (28, 28), r"height x width x channels; got 28x28: .*Reshape\(\(H, W, 1\)\)"),
        (st.Conv2D(4, 3, groups=2), (8, 8, 3), "groups divides channels; got channels=3, groups=2"),
        (st.MaxPool2D(3), (2, 2, 1), "a 3x3 window does not fit 2x2x1"),
        (
            st.MaxPool2D(2, padding=2),
            (8, 8, 1),
            "padding is smaller than the window; got padding 2, window 2x2",
        ),
        (
            st.AveragePool2D((2, 3), padding=((0, 2), (0, 0))),
            (8, 8, 1),
            "padding is smaller .* top 0 bottom 2",
        ),
        (st.Reshape((3, 5)), (4, 4), "3x5 does not hold 4x4 = 16 numbers"),
        (st.Reshape((3, -1)), (4, 4), "does not hold"),
        (st.Reshape((3, 5)), (16,), "3x5 does not hold 16 numbers"),
        (st.Dense(3), (), "needs an axis"),
        (st.Softmax(), (), "needs an axis"),
    ],
)
def test_builds_refuse_with_the_arithmetic(layer, given, message):
    with pytest.raises(ValueError, match=message):
        layer.initialize(given)


@pytest.mark.parametrize(
    "layer",
    [
        st.Dense(3, activation="relu", bias=False, init="he_normal"),
        st.Dense(3, activation=st.LeakyReLU(0.2), init=st.initializers.SmallUniform(0.1)),
        st.Conv2D(4, (3, 2), stride=2, padding="same", dilation=2, groups=2, activation="tanh"),
        st.Conv2D(4, 3, padding=((0, 1), (2, 3))),
        st.MaxPool2D(3, 2, padding=1, ceil=True),
        st.AveragePool2D(3, padding=((1, 0), (0, 1)), count_padding=True),
        st.Activation("leaky_relu", 0.3),
        st.LeakyReLU(0.3),
        st.ReLU(),
        st.Softmax(),
        st.Flatten(),
        st.Reshape((2, -1)),
        st.Dropout(0.25),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_config_makes_the_same_layer_again(layer):
    twin = type(layer)(**layer.config())
    assert twin.config() == layer.config()
    assert repr(twin) == repr(layer)


def test_an_initialiser_of_the_users_own_is_left_out_of_the_config():
    assert st.Dense(3, init=lambda shape, generator: np.zeros(shape)).config()["init"] is None
    assert st.Dense(3, init=None).config()["init"] == "glorot_uniform"


def test_weights_have_the_shapes_of_the_lecture_and_the_order_of_the_kernels():
    dense = st.Dense(3).initialize((5,))
    conv = st.Conv2D(4, 3, groups=2).initialize((6, 6, 2))
    assert dense.weight.shape == (3, 5)
    assert dense.weight.strides == (1, 3)
    assert conv.weight.shape == (4, 3, 3, 1)
    assert conv.weight.strides == (1, 12, 4, 4)
