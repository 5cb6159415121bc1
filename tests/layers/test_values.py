"""Values and gradients of the layers, fused and not."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

RED = (
    "156 155 156 158 158; 153 154 157 159 159; 149 151 155 158 159; 146 146 149 153 158; 145 143 143 148 158"
)
GREEN = (
    "167 166 167 169 169; 164 165 168 170 170; 160 162 166 169 170; 156 156 159 163 168; 155 153 153 158 168"
)
BLUE = (
    "163 162 163 165 165; 160 161 164 166 166; 156 158 162 165 166; 155 155 158 162 167; 154 152 152 157 167"
)
KERNELS = "-1 -1 1; 0 1 -1; 0 1 1", "1 0 0; 1 -1 -1; 1 0 -1", "0 1 1; 0 1 0; 1 -1 1"


def grid(text):
    return np.array([[float(value) for value in row.split()] for row in text.split(";")])


def test_the_convolution_of_the_lecture():
    layer = st.Conv2D(1, 3, padding=1).initialize((5, 5, 3))
    layer.weight = np.stack([grid(kernel) for kernel in KERNELS], -1)[None]
    layer.bias = 1
    y = layer(np.stack([grid(channel) for channel in (RED, GREEN, BLUE)], -1)[None]).numpy()[0, :4, :4, 0]
    assert y.tolist() == grid("-25 466 466 475; 295 787 798 812; 291 776 784 800; 293 771 773 782").tolist()


def test_the_pooling_of_the_lecture():
    x = grid("1 1 2 4; 5 6 7 8; 3 2 1 0; 1 2 3 4")[None, :, :, None]
    assert st.MaxPool2D(2)(x).numpy()[0, :, :, 0].tolist() == [[6, 8], [3, 4]]
    assert st.AveragePool2D(2)(x).numpy()[0, :, :, 0].tolist() == [[3.25, 5.25], [2, 2]]


LAYERS = [
    [st.Dense(3)],
    [st.Dense(3, activation="softmax")],
    [st.Conv2D(4, 3, padding="same", activation="tanh"), st.Flatten()],
    [
        st.Conv2D(4, 3, groups=2, stride=2, activation="sigmoid"),
        st.Conv2D(3, 1),
        st.LeakyReLU(0.2),
        st.Flatten(),
    ],
    [st.MaxPool2D(3, 2), st.Flatten(), st.Dense(3, bias=False)],
    [st.AveragePool2D(2, padding=1, count_padding=True), st.Flatten(), st.Dense(3), st.Softmax()],
    [st.Reshape((6, 12)), st.Dense(4), st.Dropout(0.3), st.Sigmoid(), st.Flatten(), st.Dense(2), st.Tanh()],
    [st.Flatten(), st.Softmax(), st.Dense(3)],
]


@pytest.mark.parametrize(
    "layers", LAYERS, ids=lambda layers: "-".join(type(layer).__name__ for layer in layers)
)
def test_gradients_by_differences(layers):
    fresh = [type(layer)(**layer.config()) for layer in layers]
    model = st.Sequential(fresh, input_shape=(6, 6, 2), seed=3)
    x = np.random.default_rng(0).normal(size=(3, 6, 6, 2))
    y = np.random.default_rng(1).normal(size=(3, *model.output_shape))
    check = model.check_gradients(x, y, "squared_error")
    assert check.ok, check


@pytest.mark.parametrize("kind", ["relu", "leaky_relu", "sigmoid", "tanh", "scaled_tanh"])
@pytest.mark.parametrize("nested", [False, True])
def test_a_merged_activation_gives_the_same_as_one_on_its_own(kind, nested):
    def make(fuse):
        tail = [st.Activation(kind), st.Conv2D(2, 2), st.Activation(kind), st.Flatten(), st.Dense(3)]
        layers = [st.Conv2D(4, 3), *([st.Sequential(tail)] if nested else tail), st.Activation(kind)]
        return st.Sequential(layers, input_shape=(6, 6, 2), seed=3, fuse=fuse)

    x = np.random.default_rng(0).normal(size=(5, 6, 6, 2)).astype(np.float32)
    dy = st.tensor(np.random.default_rng(1).normal(size=(5, 3)), "float32")
    merged, plain = make(True), make(False)
    absorbed = [row.layer for row in merged.summary().rows if row.fused]
    assert len(absorbed) == 3
    assert not any(row.fused for row in plain.summary().rows)
    for model in (merged, plain):
        model.y = model.forward(x, training=True).numpy()
        model.dx = model.backward(dy).numpy()
    assert np.allclose(merged.y, plain.y, rtol=1e-5, atol=1e-6)
    assert np.allclose(merged.dx, plain.dx, rtol=1e-4, atol=1e-6)
    assert np.allclose(merged.gradient.numpy(), plain.gradient.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["relu", "tanh", "softmax", None])
def test_without_fusion_every_z_can_be_looked_at(kind):
    def make(fuse):
        layers = [
            st.Conv2D(4, 3, activation=kind),
            st.Sequential([st.Flatten(), st.Dense(3, activation=kind)]),
        ]
        return st.Sequential(layers, input_shape=(6, 6, 2), seed=3, fuse=fuse, dtype="float64")

    x = np.random.default_rng(0).normal(size=(5, 6, 6, 2))
    dy = st.tensor(np.random.default_rng(1).normal(size=(5, 3)))
    plain, merged = make(False), make(True)
    for model in (plain, merged):
        model.y = model.forward(x, training=True).numpy()
        model.dx = model.backward(dy).numpy()
    assert np.allclose(merged.dx, plain.dx)
    assert np.allclose(merged.gradient.numpy(), plain.gradient.numpy())
    conv, dense = plain.layers[0], plain.layers[1].layers[1]
    z = st.ops.conv2d_forward(x, conv.weight, conv.bias)
    assert np.array_equal(conv.z.numpy(), z.numpy())
    assert np.allclose(st.ops.activation_forward(dense.z, kind or "identity").numpy(), plain.y)
    assert np.allclose(dense.dz.numpy().sum(0), dense.dbias.numpy())
    assert np.allclose(conv.dz.numpy().sum((0, 1, 2)), conv.dbias.numpy())
    assert not hasattr(merged.layers[0], "z")
    assert plain.check_gradients(x[:2], dy.numpy()[:2], "squared_error").ok


def test_softmax_and_a_second_activation_are_not_merged():
    model = st.Sequential(
        [st.Dense(3), st.Softmax(), st.Dense(3, activation="relu"), st.Tanh()], input_shape=4
    )
    assert not any(row.fused for row in model.summary().rows)
    assert model.output_activation == "tanh"


def test_logits_are_the_outputs_before_softmax():
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    for layers in (
        [st.Dense(3, activation="softmax")],
        [st.Dense(3), st.Softmax()],
        [st.Sequential([st.Dense(3), st.Softmax()])],
    ):
        model = st.Sequential(layers, input_shape=4, seed=0)
        assert model.output_activation == "softmax"
        logits = model.forward_logits(x)
        assert np.allclose(st.ops.activation_forward(logits, "softmax").numpy(), model(x).numpy(), atol=1e-6)
        assert not np.allclose(logits.numpy().sum(1), 1)


def test_dropout_drops_only_in_training_and_in_a_new_pattern_each_step():
    model = st.Sequential([st.Dropout(0.5)], input_shape=1000, seed=0)
    x = st.ones((1, 1000))
    assert np.array_equal(model.forward(x).numpy(), x.numpy())
    first, second = (model.forward(x, training=True).numpy() for _ in range(2))
    assert set(np.unique(first)) == {0.0, 2.0}
    assert 400 < (first == 0).sum() < 600
    assert not np.array_equal(first, second)
    assert np.array_equal(model.backward(x).numpy(), second)


def test_two_dropouts_of_a_model_have_patterns_of_their_own():
    layers = [st.Dropout(0.5), st.Dropout(0.5)]
    model = st.Sequential(layers, input_shape=1000, seed=0)
    y = model.forward(st.ones((1, 1000)), training=True).numpy()
    assert 650 < (y == 0).sum() < 850
