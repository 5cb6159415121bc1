"""LayerNorm, LocalResponseNorm and GlobalAveragePool2D: values, gradients, files, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


def images(count=6, dtype=np.float32):
    return np.random.default_rng(0).normal(1.0, 2.0, (count, 4, 5, 6)).astype(dtype)


def network(dtype="float32"):
    return st.Sequential(
        [
            st.Conv2D(7, 3, padding=1, activation="tanh"),
            st.LocalResponseNorm(size=3, k=1.5, alpha=0.4, beta=0.6),
            st.LayerNorm(),
            st.GlobalAveragePool2D(keep_dims=True),
            st.LayerNorm(epsilon=0.1, center=False),
            st.GlobalAveragePool2D(),
            st.LayerNorm(scale=False),
            st.Dense(3, activation="softmax"),
        ],
        input_shape=(4, 5, 6),
        seed=2,
        dtype=dtype,
    )


def test_shapes_and_parameters():
    rows = network().summary().rows
    assert [row.output_shape for row in rows[3:6]] == [(1, 1, 7), (1, 1, 7), (7,)]
    assert [row.parameters for row in rows] == [7 * 9 * 6 + 7, 0, 14, 0, 7, 0, 7, 24]


def test_values():
    x = images(dtype=np.float64)
    y = st.LayerNorm(epsilon=1e-3)(x).numpy()
    want = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3)
    assert np.allclose(y, want, rtol=1e-12, atol=1e-12)
    squares = np.pad(x * x, [(0, 0)] * 3 + [(2, 2)])
    sums = sum(squares[..., i : i + 6] for i in range(5))
    assert np.allclose(st.LocalResponseNorm()(x).numpy(), x / (2 + 1e-4 * sums) ** 0.75, rtol=1e-13)
    assert np.allclose(st.GlobalAveragePool2D()(x).numpy(), x.mean((1, 2)), rtol=1e-12)
    kept = st.GlobalAveragePool2D(keep_dims=True)(x).numpy()
    assert np.allclose(kept, x.mean((1, 2), keepdims=True), rtol=1e-12) and kept.shape == (6, 1, 1, 6)


def test_gradients():
    check = network("float64").check_gradients(images(4), np.arange(4) % 3, "cross_entropy", tolerance=3e-6)
    assert check.ok, check
    assert {"2.gamma", "2.beta", "4.gamma", "6.beta"} <= set(check.errors)


def test_a_frozen_layer_norm_keeps_its_parameters():
    model = network()
    model.layers[2].trainable = False
    model.fit(
        images(), np.arange(6) % 3, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0, seed=0
    )
    assert (model.layers[2].gamma.numpy() == 1).all() and (model.layers[2].dgamma.numpy() == 0).all()
    assert not (model.layers[4].gamma.numpy() == 1).all()


def test_norms_are_left_out_of_weight_decay():
    decays = [place.path for place in network().places() if place.declared.decay]
    assert decays == ["0.weight", "7.weight"]


def test_save_and_load(tmp_path):
    model = network()
    model.save(tmp_path / "model")
    twin = st.load(tmp_path / "model")
    assert np.array_equal(twin.predict(images()), model.predict(images()))
    assert [layer.config() for layer in twin.layers] == [layer.config() for layer in model.layers]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: st.LayerNorm(epsilon=0), "epsilon is above 0; got epsilon=0"),
        (lambda: st.LayerNorm().initialize(()), "needs an axis to normalise over"),
        (lambda: st.LocalResponseNorm(size=4), "size is odd, 1 or more; got size=4"),
        (lambda: st.LocalResponseNorm(k=0), "k is above 0; got k=0"),
        (lambda: st.LocalResponseNorm(alpha=-1), "alpha is 0 or more; got alpha=-1"),
        (lambda: st.LocalResponseNorm(beta=float("inf")), "beta is finite; got beta=inf"),
        (lambda: st.LocalResponseNorm().initialize(()), "needs an axis of channels"),
        (lambda: st.GlobalAveragePool2D().initialize((3, 4)), "height x width x channels; got 3x4"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make()
