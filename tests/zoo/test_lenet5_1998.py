"""LeNet-5 as published: its tables, layer by layer, and what follows from them."""

import numpy as np
import pytest

import strate as st
from strate import zoo
from strate.zoo.lenet5_1998 import CONNECTIONS

# Layer, maps, trained parameters, multiply-adds of one image; connections of the paper in between.
TABLE = [
    ("Rescaling", (32, 32, 1), 0),
    ("Conv2D", (28, 28, 6), 156),
    ("SubSample2D", (14, 14, 6), 12),
    ("Conv2D", (10, 10, 16), 1_516),
    ("SubSample2D", (5, 5, 16), 32),
    ("Conv2D", (1, 1, 120), 48_120),
    ("Flatten", (120,), 0),
    ("Dense", (84,), 10_164),
    ("RBF", (10,), 0),
]


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 1)])
def test_layers_are_those_of_the_paper(shape):
    summary = zoo.lenet5_1998(input_shape=shape).summary()
    assert [(row.layer, row.output_shape, row.parameters) for row in summary.rows] == TABLE
    assert summary.parameters == 60_000


def test_multiply_adds_count_what_is_connected():
    rows = zoo.lenet5_1998().summary().rows
    # The paper counts biases too: C1 has 122 304 connections, C3 151 600, S2 5 880, S4 2 000.
    assert [rows[i].multiply_adds for i in (1, 2, 3, 4)] == [117_600, 5_880, 150_000, 2_000]
    assert rows[1].multiply_adds + 28 * 28 * 6 == 122_304
    assert rows[3].multiply_adds + 10 * 10 * 16 == 151_600


def test_table_one():
    table = np.array(CONNECTIONS)
    assert table.shape == (16, 6)
    assert table.sum() == 60
    assert table.sum(1).tolist() == [3] * 6 + [4] * 9 + [6]
    assert table.sum(0).tolist() == [10] * 6
    assert len({tuple(row) for row in CONNECTIONS}) == 16
    assert [int(i) for i in np.flatnonzero(table[11])] == [0, 1, 2, 5]


def test_inputs_are_scaled_as_in_the_paper_with_a_white_margin():
    model = zoo.lenet5_1998(input_shape=(28, 28, 1))
    x = np.zeros((1, 28, 28, 1), np.float32)
    x[0, 3:, 3:] = 1
    y = model.layers[0].forward(st.tensor(x)).numpy()[0, :, :, 0]
    assert np.allclose(y[:5], -0.1) and np.allclose(y[:, -2:], -0.1)
    assert np.allclose(y[5:-2, 5:-2], 1.175)


def test_weights_start_within_the_fan_in():
    model = zoo.lenet5_1998(seed=0)
    for place, fan_in in ((1, 25), (2, 4), (4, 4), (5, 400), (7, 120)):
        weight = np.abs(model.layers[place].weight.numpy())
        assert 0.6 * 2.4 / fan_in < weight.max() <= 2.4 / fan_in
    weight = np.abs(model.layers[3].weight.numpy()).max((1, 2, 3))
    for seen, filters in ((3, slice(0, 6)), (4, slice(6, 15)), (6, slice(15, 16))):
        limit = 2.4 / (25 * seen)
        assert (weight[filters] <= limit * (1 + 1e-6)).all() and weight[filters].max() > 0.9 * limit


def test_the_output_compares_with_pictures_of_digits():
    model = zoo.lenet5_1998(seed=0)
    codes = model.layers[-1].codes.numpy()
    assert codes.shape == (10, 84) and set(np.unique(codes)) == {-1.0, 1.0}
    assert np.array_equal(model.layers[-1].forward(st.tensor(codes)).numpy().argmax(1), np.arange(10))
    models = [zoo.lenet5_1998(26, seed=seed) for seed in (1, 1, 2)]
    other = [model.layers[-1].codes.numpy() for model in models]
    assert np.array_equal(other[0], other[1]) and not np.array_equal(other[0], other[2])
    assert set(np.unique(other[0])) == {-1.0, 1.0}


def test_it_is_saved_with_its_loss_its_codes_and_its_connections(tmp_path):
    (x, y), _ = st.data.digits()
    x = st.data.resize(x[:64], 28)
    model = zoo.lenet5_1998(input_shape=(28, 28, 1), seed=0)
    model.fit(x, y[:64], loss=model.loss, optimizer=st.SGD(1e-3), epochs=1, verbose=0)
    model.save(tmp_path / "m.safetensors")
    twin = st.load(tmp_path / "m.safetensors")
    assert np.array_equal(twin.predict(x), model.predict(x))
    assert twin.summary().parameters == 60_000
    assert repr(twin.loss) == repr(model.loss)
    assert twin.evaluate(x, y[:64]) == model.evaluate(x, y[:64])
