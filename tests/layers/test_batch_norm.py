"""BatchNorm: statistics, merging with the layers around it, frozen and trained separately, saved."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

EPSILON = 1e-5


def images(count=12, dtype=np.float32):
    return np.random.default_rng(0).normal(2.0, 3.0, (count, 6, 5, 3)).astype(dtype)


def labels(count=12):
    return np.arange(count) % 4


def block(activation=None):
    return [] if activation is None else [st.Activation(activation)]


def network(activation="relu", fuse=True, dtype="float64", bias=True):
    """Conv2D, BatchNorm, activation, and the same of Dense."""
    return st.Sequential(
        [
            st.Conv2D(5, 3, padding=1, bias=bias),
            st.BatchNorm(momentum=0.5),
            *block(activation),
            st.Flatten(),
            st.Dense(7, bias=bias),
            st.BatchNorm(),
            *block(activation),
            st.Dense(4, activation="softmax"),
        ],
        input_shape=(6, 5, 3),
        seed=3,
        fuse=fuse,
        dtype=dtype,
    )


def train(model, epochs=2, **options):
    x = images(dtype=model.dtype)
    return model.fit(
        x, labels(), loss="cross_entropy", optimizer=st.SGD(0.05, momentum=0.9), epochs=epochs,
        batch_size=6, seed=0, verbose=0, **options,
    )  # fmt: skip


def taken_over(model):
    return [row.layer for row in model.summary().rows if row.fused]


def test_it_normalises_by_the_batch_and_keeps_averages():
    x = images()
    layer = st.BatchNorm(momentum=0.75).initialize((6, 5, 3))
    y = layer(x, training=True).numpy()
    assert np.allclose(y.mean((0, 1, 2)), 0, atol=1e-5) and np.allclose(y.std((0, 1, 2)), 1, atol=1e-5)
    rows = x.reshape(-1, 3)
    assert np.allclose(layer.running_mean.numpy(), 0.25 * rows.mean(0), rtol=1e-5)
    assert np.allclose(layer.running_variance.numpy(), 0.75 + 0.25 * rows.var(0, ddof=1), rtol=1e-5)
    want = (x - layer.running_mean.numpy()) / np.sqrt(layer.running_variance.numpy() + EPSILON)
    assert np.allclose(layer(x).numpy(), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("scale", [False, True])
def test_gamma_and_beta_are_optional(center, scale):
    norm = st.BatchNorm(center=center, scale=scale)
    model = st.Sequential([norm, st.Dense(4)], input_shape=3, seed=0)
    names = [name for name, there in (("0.gamma", scale), ("0.beta", center)) if there]
    assert [name for name in model.parameters() if name.startswith("0.")] == names
    assert list(model.states()) == ["0.running_mean", "0.running_variance"]
    check = model.check_gradients(images()[:, 0, 0], labels(), "cross_entropy")
    assert check.ok, check


def test_weight_decay_may_leave_gamma_and_beta_out():
    model = network()
    decays = {place.path: place.declared.decay for place in model.places()}
    assert [name for name, decay in decays.items() if decay] == ["0.weight", "4.weight", "7.weight"]


@pytest.mark.parametrize("activation", [None, "relu", "leaky_relu", "sigmoid", "tanh"])
def test_gradients(activation):
    for fuse in (True, False):
        model = network(activation, fuse)
        check = model.check_gradients(images(5), labels(5), "cross_entropy", tolerance=3e-6)
        assert check.ok, check
        assert set(check.errors) == {"input", *model.parameters()}


def test_conv_norm_and_activation_become_one():
    assert taken_over(network()) == [
        "BatchNorm (in 1)", "Activation (in 1)", "BatchNorm (in 5)", "Activation (in 5)",
    ]  # fmt: skip
    assert taken_over(network(fuse=False)) == []


@pytest.mark.parametrize(
    "layers",
    [
        lambda conv, norm, relu: [conv, norm, relu],
        lambda conv, norm, relu: [conv, st.Sequential([norm, relu])],
        lambda conv, norm, relu: [st.Sequential([conv]), st.Sequential([norm]), relu],
        lambda conv, norm, relu: [st.Sequential([conv, norm]), st.Sequential([relu])],
    ],
)
def test_however_they_are_nested(layers):
    conv, norm, relu = st.Conv2D(4, 3), st.BatchNorm(), st.ReLU()
    model = st.Sequential(layers(conv, norm, relu), input_shape=(6, 5, 3), seed=1, dtype="float64")
    assert conv.norm is norm and norm.output_activation == "relu"
    assert model.output_activation == "relu"
    apart = st.Sequential(
        [st.Conv2D(4, 3), st.BatchNorm(), st.ReLU()],
        input_shape=(6, 5, 3), seed=1, dtype="float64", fuse=False,
    )  # fmt: skip
    x = images(dtype=np.float64)
    for training in (True, False):
        y, want = model(x, training).numpy(), apart(x, training).numpy()
        assert np.abs(y - want).max() <= 1e-12 * np.abs(want).max()


def test_what_is_not_taken_over():
    def norm_of(*layers):
        st.Sequential(layers, input_shape=(6, 5, 3), seed=1)
        return layers[0].norm

    assert norm_of(st.Conv2D(4, 3, activation="relu"), st.BatchNorm()) is None
    assert norm_of(st.Conv2D(4, 3), st.ReLU(), st.BatchNorm()) is None
    assert norm_of(st.Conv2D(4, 3), st.BatchNorm(), st.BatchNorm()).absorbed_by is not None
    softmax = st.Sequential([st.Dense(4), st.BatchNorm(), st.Softmax()], input_shape=3, seed=1)
    assert softmax.output_activation == "softmax" and taken_over(softmax) == ["BatchNorm (in 1)"]
    assert softmax.check_gradients(images()[:, 0, 0], labels(), "cross_entropy").ok


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("dtype", "bound"), [("float64", 1e-12), ("float32", 1e-4)])
def test_merged_and_apart_train_and_predict_alike(dtype, bound, bias):
    models = [network(fuse=fuse, dtype=dtype, bias=bias) for fuse in (True, False)]
    histories = [train(model) for model in models]
    assert histories[0].loss == pytest.approx(histories[1].loss, rel=bound)
    for name in ("theta", "state"):
        one, other = (getattr(model, name).numpy() for model in models)
        assert np.abs(one - other).max() <= 10 * bound * np.abs(other).max()
    x = images(dtype=dtype)
    one, other = (model.predict(x) for model in models)
    assert np.abs(one - other).max() <= 10 * bound


@pytest.mark.parametrize(("dtype", "bound"), [("float64", 1e-12), ("float32", 1e-4)])
def test_folded_inference_is_the_layers_one_by_one(dtype, bound):
    model = network(dtype=dtype)
    train(model)
    conv, norm = model.layers[:2]
    x = st.tensor(images(dtype=dtype))
    z = st.ops.conv2d_forward(x, conv.weight, conv.bias, padding=1)
    want, _ = st.ops.batch_norm_inference(
        z, norm.running_mean, norm.running_variance, norm.gamma, norm.beta, activation="relu"
    )
    y, want = conv.forward(x).numpy(), want.numpy()
    assert np.abs(y - want).max() <= bound * np.abs(want).max()
    assert norm.saved is None and conv.saved is None


def test_weights_are_folded_unless_they_are_more_than_the_outputs(monkeypatch):
    folds, folded = [], st.BatchNorm.folded
    monkeypatch.setattr(st.BatchNorm, "folded", lambda *given: folds.append(1) or folded(*given))
    made = {"input_shape": (3, 3, 3), "seed": 1, "dtype": "float64"}
    layers = [[st.Conv2D(4, 3, padding=1), st.BatchNorm(), st.ReLU()] for _ in range(2)]
    merged, apart = st.Sequential(layers[0], **made), st.Sequential(layers[1], fuse=False, **made)
    for samples, count in ((2, 0), (3, 1)):  # 108 weights, 36 outputs a sample
        x = images(samples, np.float64)[:, :3, :3]
        assert np.abs(merged.predict(x) - apart.predict(x)).max() <= 1e-12 and len(folds) == count


def test_inference_sees_new_weights_and_new_averages():
    model = network()
    x = images(dtype=np.float64)
    before = model(x).numpy().copy()
    model.layers[1].running_mean = 0.5
    middle = model(x).numpy().copy()
    model.layers[0].weight = 2 * model.layers[0].weight.numpy()
    assert np.abs(middle - before).max() > 1e-3 and np.abs(model(x).numpy() - middle).max() > 1e-3


# ---- trained and frozen


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("frozen", [0, 1])
def test_each_layer_is_frozen_on_its_own(frozen, fuse):
    model = network(fuse=fuse)
    model.layers[frozen].trainable = False
    before = {name: value.numpy().copy() for name, value in {**model.parameters(), **model.states()}.items()}
    train(model)
    after = {**model.parameters(), **model.states()}
    still = {name for name, value in before.items() if np.array_equal(value, after[name].numpy())}
    # A bias before a normalisation by the batch has no gradient but for rounding.
    still -= {"0.bias", "4.bias"}
    assert (
        still
        == {
            0: {"0.weight"},
            1: {"1.gamma", "1.beta", "1.running_mean", "1.running_variance"},
        }[frozen]
    )


def test_a_norm_above_frozen_layers_still_gets_its_gradient():
    """The frozen convolution wants no dx, the normalisation that it took over is trained."""
    merged, apart = network(), network(fuse=False)
    for model in (merged, apart):
        model.layers[0].trainable = False
        train(model, epochs=1)
    for name in ("1.gamma", "1.beta"):
        one, other = (model.parameters()[name].numpy() for model in (merged, apart))
        assert np.allclose(one, other, rtol=1e-10)
        assert not np.array_equal(one, np.full(5, name == "1.gamma"))


def test_a_frozen_norm_uses_its_averages_in_training():
    x = images()
    layer = st.BatchNorm().initialize((6, 5, 3))
    layer.trainable = False
    layer.running_mean, layer.running_variance = 1.0, 4.0
    assert np.allclose(layer(x, training=True).numpy(), (x - 1) / np.sqrt(4 + EPSILON), rtol=1e-5, atol=1e-6)
    assert np.allclose(layer.backward(st.ones(x.shape)).numpy(), 1 / np.sqrt(4 + EPSILON))
    assert (layer.running_mean.numpy() == 1).all() and (layer.dgamma.numpy() == 0).all()


# ---- kept, and mistakes


@pytest.mark.parametrize("fuse", [True, False])
def test_save_and_load(tmp_path, fuse):
    model = network(fuse=fuse, dtype="float32")
    model.layers[5].trainable = False
    train(model)
    model.save(tmp_path / "model")
    twin = st.load(tmp_path / "model")
    assert np.array_equal(twin.predict(images()), model.predict(images()))
    assert twin.layers[1].config() == {"momentum": 0.5, "epsilon": 1e-5, "center": True, "scale": True}
    assert not twin.layers[5].trainable
    assert taken_over(twin) == taken_over(model)


def test_one_value_per_channel():
    model = st.Sequential([st.Dense(3), st.BatchNorm()], input_shape=2, seed=0)
    assert model(np.ones((1, 2))).shape == (1, 3)
    with pytest.raises(ValueError, match=r"more than one value per channel; got x=\(1, 3\)"):
        model(np.ones((1, 2)), training=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": 1.5}, "0 <= momentum <= 1; got momentum=1.5"),
        ({"epsilon": 0}, "epsilon is above 0; got epsilon=0"),
        ({"epsilon": float("inf")}, "epsilon is above 0"),
    ],
)
def test_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        st.BatchNorm(**options)


def test_single_numbers_have_no_channels():
    with pytest.raises(ValueError, match="needs an axis of channels"):
        st.BatchNorm().initialize(())


def test_settings_are_read_only_once_built():
    layer = st.BatchNorm().initialize((3,))
    with pytest.raises(AttributeError, match="epsilon is read-only"):
        layer.epsilon = 1.0


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("weight", r"the output of layer 1 \(Conv2D\) is the first"),
        ("gamma", r"the output of layer 2 \(BatchNorm\) is the first"),
    ],
)
def test_what_is_not_finite_is_found_in_the_right_layer(spoil, message, fuse):
    """Numbers that are finite themselves and overflow where they are used."""
    model = network(None, fuse, dtype="float32")
    if spoil == "weight":
        model.layers[0].weight = 3e38
    else:
        model.layers[1].gamma = 3e38
    with pytest.raises(st.NonFiniteError, match=message):
        train(model)
    assert np.array_equal(model.layers[1].running_mean.numpy(), np.zeros(5))
