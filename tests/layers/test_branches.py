"""Parallel, the shortcut of zeros, and what all networks of branches have in common."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from branches import GENERATOR, NETWORKS, Double, X, Y, network


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients(name):
    check = network(name).check_gradients(X[:2], Y[:2], "cross_entropy")
    assert check.ok, check


@pytest.mark.parametrize("name", NETWORKS)
def test_it_learns_saves_and_loads(name, tmp_path):
    model = network(name)
    optimizer = st.SGD(0.05, momentum=0.5)
    history = model.fit(
        X, Y, loss="cross_entropy", optimizer=optimizer, epochs=10, batch_size=3, seed=0, verbose=0
    )
    assert history.loss[-1] < history.loss[0]
    model.save(tmp_path / "model")
    twin = st.load(tmp_path / "model", layers=[Double])
    assert np.array_equal(twin.predict(X), model.predict(X))
    assert repr(twin) == repr(model)


@pytest.mark.parametrize("name", NETWORKS)
def test_fused_as_apart(name):
    fused, apart = network(name), network(name, fuse=False)
    assert np.array_equal(fused.theta.numpy(), apart.theta.numpy())
    for model in (fused, apart):
        model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
    error = np.abs(fused.gradient.numpy() - apart.gradient.numpy()).max()
    assert error <= 1e-5 * np.abs(apart.gradient.numpy()).max()


@pytest.mark.parametrize(
    "before",
    [
        lambda: [st.Dense(3), st.BatchNorm()],
        lambda: [st.Dense(3, activation="tanh"), st.BatchNorm()],
        lambda: [st.Dense(3), st.Residual(st.Dense(3))],
        lambda: [st.Dense(3), st.Sequential([st.Residual(st.Dense(3))])],
        lambda: [st.Dense(3)],
    ],
)
def test_a_sigmoid_at_the_end_meets_its_loss_once(before):
    """What the loss takes over may not hide in the layer before."""
    x, target = X[:, 0, 0], np.eye(3)[Y]
    losses = []
    for fuse in (True, False):
        model = st.Sequential([*before(), st.Sigmoid()], input_shape=4, seed=1, fuse=fuse)
        losses.append(model.train_on_batch(x, target, loss="binary_cross_entropy", optimizer=st.SGD(0.1)))
        assert model.output_activation == "sigmoid"
        assert model.check_gradients(x, target, "binary_cross_entropy").ok
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_bits_for_any_number_of_threads(name):
    found = []
    before = st.num_threads()
    try:
        for count in (1, 2, 7):
            st.set_num_threads(count)
            model = network(name)
            model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
            found.append(model.theta.numpy().tobytes())
    finally:
        st.set_num_threads(before)
    assert len(set(found)) == 1


def test_parallel_puts_maps_side_by_side():
    y = st.Parallel(st.Identity(), st.Identity())(X).numpy()
    assert np.array_equal(y, np.concatenate([X, X], -1))


def test_parallel_spreads_1x1_maps():
    pool = st.AveragePool2D(6)
    y = st.Parallel(pool, st.Identity(), merge="multiply")(X).numpy()
    assert np.allclose(y, X * X.mean((1, 2), keepdims=True), atol=1e-6)


def test_zero_pad_shortcut():
    layer = st.ZeroPadShortcut(7, 2).initialize((5, 6, 4))
    x = GENERATOR.normal(size=(2, 5, 6, 4)).astype(np.float32)
    y = layer(x).numpy()
    assert y.shape == (2, 3, 3, 7)
    assert np.array_equal(y[..., :4], x[:, ::2, ::2]) and not y[..., 4:].any()
    dy = GENERATOR.normal(size=y.shape).astype(np.float32)
    dx = layer.backward(st.from_numpy(dy)).numpy()
    assert np.array_equal(dx[:, ::2, ::2], dy[..., :4])
    assert np.count_nonzero(dx) == np.count_nonzero(dy[..., :4])


def test_an_overflow_in_the_sum_is_named():
    model = st.Sequential([st.Residual(st.Dense(4, init="zeros")), st.Dense(3)], input_shape=4, seed=0)
    model.layers[0].body.bias = 3e38
    x = np.full((2, 4), 3e38, np.float32)
    with pytest.raises(st.NonFiniteError, match=r"the output of layer 1 \(Residual\) is the first"):
        model.train_on_batch(x, [0, 1], loss="cross_entropy", optimizer=st.SGD(0.1))


def test_memory_counts_what_containers_make():
    rows = {row.number: row for row in network("inception").summary().rows}
    assert rows["1"].memory == 4 * 6 * 6 * 9  # the maps side by side
    assert rows["1.2"].memory == 0  # what its last layer returned


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: st.Residual(st.Dense(3)),
            r"layer 1 \(Residual\): body and shortcut are added; the body gives 6x6x3, x is 6x6x4",
        ),
        (
            lambda: st.Residual(st.Conv2D(8, 3), st.Conv2D(8, 1)),
            "the body gives 4x4x8, the shortcut gives 6x6x8",
        ),
        (
            lambda: st.Residual(st.Conv2D(2, 9)),
            r"layer 1 \(Residual\): body \(Conv2D\): a 9x9 kernel does not fit",
        ),
        (
            lambda: st.Parallel(st.Conv2D(2, 1), st.Conv2D(2, 3)),
            r"differ in the last axis alone; got 6x6x2, 4x4x2",
        ),
        (
            lambda: st.Parallel(st.Flatten(), st.Identity()),
            r"layer 1 \(Parallel\): branches side by side differ in the last axis alone; got 144, 6x6x4",
        ),
        (
            lambda: st.Parallel(st.Identity(), st.Dense(3), merge="add"),
            "one shape, or 1x1 maps; got 6x6x4, 6x6x3",
        ),
        (
            lambda: st.Parallel(st.Identity(), st.GlobalAveragePool2D(), merge="multiply"),
            r"layer 1 \(Parallel\): .* one shape, or 1x1 maps; got 6x6x4, 4",
        ),
        (
            lambda: st.Parallel(st.Identity(), st.Conv2D(2, 7)),
            r"branch 2 \(Conv2D\): a 7x7 kernel does not fit",
        ),
        (lambda: st.ZeroPadShortcut(3), "filters=3 for 4 maps"),
    ],
)
def test_shapes_that_do_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        st.Sequential([make()], input_shape=(6, 6, 4))


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="at least one branch"):
        st.Parallel()
    with pytest.raises(ValueError, match="merge is one of concat, add, multiply; got merge='max'"):
        st.Parallel(st.Identity(), merge="max")
    with pytest.raises(TypeError, match=r"branch 2 is not a Layer, write Identity\(\.\.\.\)"):
        st.Parallel(st.Identity(), st.Identity)
    with pytest.raises(ValueError, match="weight is above 0; got weight=0"):
        st.Auxiliary(st.Dense(2), 0)
    shared = st.Dense(4)
    with pytest.raises(ValueError, match="is the same object as"):
        st.Sequential([st.Parallel(shared, shared)], input_shape=4)
