"""The page about a model: right numbers, aligned columns, no memory for weights."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

LENET5 = """\
lenet5, float32
     layer               output    field  parameters  multiply-adds     memory
------------------------------------------------------------------------------
     input               28x28x1
1    Conv2D              28x28x6       5         156        117 600        0 B
2    MaxPool2D (in 1)    14x14x6       6           0              0  367.5 KiB
3    Sequential          5x5x16       16           0              0        0 B
3.1  Conv2D              10x10x16     14       2 416        240 000        0 B
3.2  ReLU (in 3.1)       10x10x16     14           0              0        0 B
3.3  MaxPool2D (in 3.1)  5x5x16       16           0              0  125.0 KiB
4    Flatten             400                       0              0        0 B
5    Dense, frozen       120                  48 120         48 000   30.0 KiB
6    Activation (in 5)   120                       0              0        0 B
7    Dense               84                   10 164         10 080   21.0 KiB
8    Dense               10                      850            840    2.5 KiB
------------------------------------------------------------------------------
     total                                    61 706        416 520  742.0 KiB
Training on 64 samples: 1.2 MiB (parameters and gradients 482.1 KiB, outputs kept 742.0 KiB);
momentum adds 241.0 KiB.
Loss: not chosen yet, fit does
Inputs: as they are; uint8 would be divided by 255"""


def lenet5():
    inner = st.Sequential([st.Conv2D(16, 5), st.ReLU(), st.MaxPool2D(2)])
    head = [
        st.Dense(120),
        st.Activation("relu"),
        st.Dense(84, activation="relu"),
        st.Dense(10, activation="softmax"),
    ]
    layers = [st.Conv2D(6, 5, padding=2, activation="relu"), st.MaxPool2D(2), inner, st.Flatten(), *head]
    return st.Sequential(layers, input_shape=(28, 28, 1), name="lenet5")


def test_the_page():
    model = lenet5()
    model.layers[4].trainable = False
    assert repr(model.summary()) == LENET5


def test_numbers_of_the_lecture():
    """p. 62: one neuron on a 256x256x3 image, and one neuron for each of its values."""
    one = st.Sequential([st.Flatten(), st.Dense(1, bias=False)], input_shape=(256, 256, 3))
    assert one.summary().parameters == 196_608
    all_values = st.Sequential([st.Flatten(), st.Dense(196_608, bias=False)], input_shape=(256, 256, 3))
    summary = all_values.summary()
    assert summary.parameters == 196_608**2
    assert "38 654 705 664" in repr(summary)
    assert st.Sequential([st.Conv2D(6, 5)], input_shape=(32, 32, 3)).summary().parameters == 456


def test_a_model_of_any_size_costs_no_memory():
    used = st.memory()["used"]
    model = st.Sequential([st.Dense(10**9), st.Dense(10**9)], input_shape=10**6)
    assert model.summary().parameters == 10**15 + 10**9 + 10**18 + 10**9
    assert "PiB" in repr(model.summary()) or "EiB" in repr(model.summary())
    assert st.memory()["used"] == used


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_memory_is_that_of_theta_gradient_and_kept_outputs(dtype):
    model = st.Sequential([st.Dense(10, activation="relu"), st.Dense(5)], input_shape=7, dtype=dtype)
    itemsize = {"float32": 4, "float64": 8}[dtype]
    summary = model.summary(batch_size=3)
    assert summary.activations == itemsize * 3 * (7 + 10 + 5)
    assert summary.memory == summary.activations + 2 * itemsize * (80 + 55)
    assert summary.multiply_adds == 70 + 50


def test_the_receptive_field_grows_with_every_window():
    layers = [st.Conv2D(4, 5, stride=2), st.ReLU(), st.MaxPool2D((3, 2), stride=(1, 2))]
    layers += [st.Conv2D(4, 3, dilation=(2, 1), padding="same"), st.Flatten(), st.Dense(2)]
    rows = st.Sequential(layers, input_shape=(40, 40, 1)).summary().rows
    assert [row.field for row in rows] == [(5, 5), (5, 5), (9, 7), (17, 15), None, None]


def test_the_receptive_field_is_where_the_gradient_of_one_output_is_not_zero():
    layers = [st.Conv2D(3, 5, stride=2), st.AveragePool2D((3, 2), stride=(1, 2)), st.Conv2D(2, 3, dilation=2)]
    model = st.Sequential(layers, input_shape=(48, 48, 1), seed=0)
    model.need_dx = True
    y = model(np.random.default_rng(0).normal(size=(1, 48, 48, 1)), training=True)
    dy = np.zeros(y.shape, np.float32)
    dy[0, 3, 3, 0] = 1
    reached = np.argwhere(model.backward(st.tensor(dy)).numpy()[0, :, :, 0])
    assert tuple(np.ptp(reached, axis=0) + 1) == model.summary().rows[-1].field == (17, 23)


def test_the_receptive_field_of_branches():
    body = st.Sequential([st.Conv2D(8, 3, stride=2, padding=1), st.Conv2D(8, 3, padding=1)])
    block = st.Residual(body, st.ZeroPadShortcut(8))
    large = st.Sequential([st.Conv2D(2, 3, padding=1), st.Conv2D(2, 5, padding=2)])
    head = st.Sequential([st.MaxPool2D(4), st.Flatten(), st.Dense(3)])
    layers = [block, st.Parallel(st.Conv2D(2, 1), large, st.Identity()), st.Auxiliary(head), st.Conv2D(1, 3)]
    rows = {row.number: row.field for row in st.Sequential(layers, input_shape=(16, 16, 4)).summary().rows}
    assert rows["1"] == rows["1.1"] == (7, 7)  # the body's: 3, then 2 more steps of 2 pixels
    assert rows["1.2"] == (1, 1)
    assert (rows["2.1"], rows["2.2"], rows["2.3"], rows["2"]) == ((7, 7), (19, 19), (7, 7), (19, 19))
    assert (rows["3.1.1"], rows["3.1.2"], rows["3"]) == ((25, 25), None, (19, 19))
    assert rows["4"] == (23, 23)


def test_a_gate_that_sees_all_does_not_widen_the_field():
    gate = st.Sequential([st.AveragePool2D(8), st.Dense(4, activation="sigmoid")])
    layers = [st.Conv2D(4, 3, padding=1), st.Parallel(st.Identity(), gate, merge="multiply"), st.Conv2D(4, 3)]
    rows = {row.number: row.field for row in st.Sequential(layers, input_shape=(8, 8, 1)).summary().rows}
    assert (rows["1"], rows["2"], rows["2.2.1"], rows["3"]) == ((3, 3), (3, 3), (10, 10), (5, 5))


def test_the_receptive_field_of_lenet5_as_published():
    """LeCun et al., section II.B: C1 sees 5x5, and a unit of C5 the whole 32x32."""
    for side in (28, 32):
        rows = st.zoo.lenet5_1998(input_shape=(side, side, 1)).summary().rows
        sides = [row.field[0] for row in rows if row.field]
        assert sides == [1, 5, 6, 14, 16, 32]


def test_the_receptive_field_where_there_is_no_image():
    assert [row.field for row in st.Sequential([st.Dense(3)], input_shape=(7, 4)).summary().rows] == [None]


class Mirror(st.Layer):
    """Of the user's own: swaps height and width, and says nothing about its field."""

    def build(self, input_shape):
        return input_shape[1], input_shape[0], input_shape[2]


def test_the_receptive_field_of_a_users_layer():
    layers = [st.Conv2D(2, 3), Mirror(), st.Conv2D(2, 3)]
    wide = st.Sequential(layers, input_shape=(9, 7, 1)).summary()
    assert [row.field for row in wide.rows] == [(3, 3), None, None]


def test_layers_inside_can_be_folded():
    model = st.Sequential(
        [
            st.Sequential([st.Conv2D(4, 3), st.ReLU(), st.MaxPool2D(2)], name="first"),
            st.Residual(st.Sequential([st.Conv2D(4, 3, padding=1), st.ReLU()])),
            st.ReLU(),
        ],
        input_shape=(12, 12, 1),
    )
    whole, folded = model.summary(), model.summary(depth=1)
    assert [(row.number, row.layer) for row in folded.rows] == [
        ("1", "first"),
        ("2", "Residual"),
        ("3", "ReLU (in 2)"),
    ]
    inside = [row for row in whole.rows if row.number.startswith("1")]
    for name in ("parameters", "multiply_adds", "memory"):
        assert getattr(folded.rows[0], name) == sum(getattr(row, name) for row in inside) > 0
        assert getattr(folded, name) == getattr(whole, name)
    assert folded.activations == whole.activations
    assert model.summary(depth=3).rows == whole.rows
    assert len(model.summary(depth=2).rows) == 7
    with pytest.raises(ValueError, match="depth is at least 1; got depth=0"):
        model.summary(depth=0)


def test_the_loss_and_the_scaling_of_fit():
    model = st.Sequential([st.Dense(2)], seed=0)
    x = np.zeros((4, 3), np.uint8)
    model.fit(x, [0, 1, 0, 1], loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0)
    lines = repr(model.summary()).splitlines()
    assert lines[-2].startswith("Loss: J = -sum_i t_i log softmax(y)_i, mean over samples")
    assert lines[-1] == "Inputs: uint8 inputs times 1/255"


def test_verbose_tells_how_convolutions_are_computed():
    layers = [
        st.Conv2D(16, 3, stride=2),
        st.Conv2D(16, 3, groups=16),
        st.Conv2D(64, 1),
        st.Conv2D(64, 3),
        st.Dense(2),
    ]
    model = st.Sequential(layers, input_shape=(67, 67, 3))
    summary = model.summary(verbose=True)
    algorithms = ["direct", "depthwise", "product", "Winograd F(4)", ""]
    assert [row.algorithm for row in summary.rows] == algorithms
    lines = str(summary).splitlines()[4:9]
    assert all(line.endswith(a) for line, a in zip(lines, algorithms, strict=True))
    assert "Winograd" not in str(model.summary())
    st.set_convolution("direct")
    try:
        assert model.summary().rows[3].algorithm == "direct"
    finally:
        st.set_convolution("auto")
