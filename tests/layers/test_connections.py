"""Convolutions whose filters see some channels: values, gradients, counts, and what optimisers may move."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

TABLE = [[1, 0, 0], [0, 1, 1], [1, 1, 1], [1, 0, 1]]
ABSENT = ~np.array(TABLE, bool)[:, None, None, :].repeat(3, 1).repeat(3, 2)


def network(seed=0, dtype="float32", **options):
    layers = [st.Conv2D(4, 3, connections=TABLE, activation="tanh", **options), st.Flatten(), st.Dense(2)]
    return st.Sequential(layers, input_shape=(6, 6, 3), seed=seed, dtype=dtype)


def data(count=20):
    x = np.random.default_rng(0).normal(size=(count, 6, 6, 3)).astype(np.float32)
    return x, (x.sum((1, 2, 3)) > 0).astype(int)


def test_absent_weights_start_at_zero_and_are_not_counted():
    model = network()
    conv = model.layers[0]
    assert not conv.weight.numpy()[ABSENT].any()
    assert (conv.weight.numpy()[~ABSENT] != 0).all()
    row = model.summary().rows[0]
    assert row.parameters == 8 * 9 + 4
    assert row.multiply_adds == 4 * 4 * 9 * 8
    assert model.summary().parameters == 8 * 9 + 4 + 4 * 16 * 2 + 2


def test_it_is_the_convolution_with_those_weights():
    x, _ = data()
    model = network(dtype="float64")
    conv = model.layers[0]
    y = conv.forward(st.tensor(x, "float64")).numpy()
    plain = st.ops.conv2d_forward(x.astype(np.float64), conv.weight, conv.bias, activation="tanh")
    assert np.array_equal(y, plain.numpy())


def test_gradients_by_differences_with_absent_weights_among_them():
    x, y = data(4)
    check = network().check_gradients(x, y, "cross_entropy", samples=60)
    assert check.ok, check


def test_the_gradient_of_an_absent_weight_is_exactly_zero():
    x, y = data()
    model = network()
    model.train_on_batch(x, y, loss="cross_entropy", optimizer=st.SGD(0.1))
    dweight = model.layers[0].dweight.numpy()
    assert not dweight[ABSENT].any() and (dweight[~ABSENT] != 0).all()


@pytest.mark.parametrize(
    "optimizer",
    [
        st.SGD(0.1),
        st.SGD(0.1, momentum=0.9, weight_decay=0.1),
        st.SGD(0.1, momentum=0.9, nesterov=True),
        st.Adam(0.01, weight_decay=0.1),
        st.AdamW(0.01, weight_decay=0.1),
        st.RMSProp(0.01, momentum=0.9),
        st.RMSProp(0.01, weight_decay=0.1),
        st.Adagrad(0.01),
    ],
    ids=repr,
)
def test_no_optimiser_moves_an_absent_weight(optimizer):
    x, y = data()
    model = network()
    before = model.layers[0].weight.numpy().copy()
    model.fit(x, y, loss="cross_entropy", optimizer=optimizer, epochs=3, verbose=0)
    after = model.layers[0].weight.numpy()
    assert not after[ABSENT].any()
    assert (after[~ABSENT] != before[~ABSENT]).all()


def test_what_is_written_to_an_absent_weight_has_no_effect():
    x, _ = data()
    model = network()
    y = model.predict(x)
    weight = model.layers[0].weight.numpy().copy()
    weight[ABSENT] = np.nan
    model.layers[0].weight = weight
    assert np.array_equal(model.predict(x), y)


def test_a_saved_model_keeps_its_table(tmp_path):
    x, _ = data()
    model = network()
    model.save(tmp_path / "m")
    twin = st.load(tmp_path / "m")
    assert twin.layers[0].connections.rows == TABLE
    assert np.array_equal(twin.predict(x), model.predict(x))
    assert twin.summary().parameters == model.summary().parameters


def test_a_norm_is_folded_into_connected_weights_alone():
    x, y = data()
    layers = [st.Conv2D(4, 3, connections=TABLE), st.BatchNorm(), st.Flatten(), st.Dense(2)]
    model = st.Sequential(layers, input_shape=(6, 6, 3), seed=0)
    model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=2, verbose=0)
    fresh = [type(layer)(**layer.config()) for layer in layers]
    plain = st.Sequential(fresh, input_shape=(6, 6, 3), fuse=False)
    plain.theta.copy_from(model.theta)
    plain.state.copy_from(model.state)
    assert np.allclose(plain.predict(x), model.predict(x), rtol=1e-5, atol=1e-5)


def test_each_filter_starts_with_the_spread_of_its_own_fan_in():
    table = np.ones((40, 32), int)
    table[:20, 2:] = 0
    conv = st.Conv2D(40, 3, connections=table, init="he_uniform").initialize((5, 5, 32), seed=1)
    weight = np.abs(conv.weight.numpy())
    for filters, seen in ((slice(0, 20), 2), (slice(20, 40), 32)):
        limit = np.sqrt(6 / (9 * seen))
        assert 0.97 * limit < weight[filters].max() <= limit * (1 + 1e-6)
    conv = st.Conv2D(40, 3, connections=table, init=0.5).initialize((5, 5, 32))
    assert set(np.unique(conv.weight.numpy())) == {0.0, 0.5}


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ([[1, 0, 0]], {}, r"a table \(4, channels\) of true and false; got shape=\(1, 3\)"),
        ([1, 0, 0, 1], {}, r"got shape=\(4,\)"),
        (2 * np.array(TABLE), {}, "of true and false, or 1 and 0; got 2 in it"),
        ([[1, 0, 0], [0, 0, 0], [1, 1, 1], [1, 0, 1]], {}, "filter 1 sees none"),
        (TABLE, {"groups": 2}, "connections go without groups; got groups=2"),
    ],
)
def test_tables_that_are_refused(table, options, message):
    with pytest.raises(ValueError, match=message):
        st.Conv2D(4, 3, connections=table, **options)


def test_a_table_needs_a_column_for_each_channel():
    with pytest.raises(ValueError, match=r"a column for each channel; got shape=\(4, 3\), channels=2"):
        st.Sequential([st.Conv2D(4, 3, connections=TABLE)], input_shape=(6, 6, 2))
