"""The page about a model: right numbers, aligned columns, no memory for weights."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

LENET5 = """\
lenet5, float32
     layer              output    parameters  multiply-adds     memory
----------------------------------------------------------------------
     input              28x28x1
1    Conv2D             28x28x6          156        117 600    1.1 MiB
2    MaxPool2D          14x14x6            0              0  367.5 KiB
3    Sequential         5x5x16             0              0        0 B
3.1  Conv2D             10x10x16       2 416        240 000  400.0 KiB
3.2  ReLU (in 3.1)      10x10x16           0              0        0 B
3.3  MaxPool2D          5x5x16             0              0  125.0 KiB
4    Flatten            400                0              0        0 B
5    Dense, frozen      120           48 120         48 000   30.0 KiB
6    Activation (in 5)  120                0              0        0 B
7    Dense              84            10 164         10 080   21.0 KiB
8    Dense              10               850            840    2.5 KiB
----------------------------------------------------------------------
     total                            61 706        416 520    2.3 MiB
Training on 64 samples: 2.7 MiB (parameters and gradients 482.1 KiB, outputs kept 2.3 MiB);
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


def test_the_loss_and_the_scaling_of_fit():
    model = st.Sequential([st.Dense(2)], seed=0)
    x = np.zeros((4, 3), np.uint8)
    model.fit(x, [0, 1, 0, 1], loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0)
    lines = repr(model.summary()).splitlines()
    assert lines[-2].startswith("Loss: J = -sum_i t_i log softmax(y)_i, mean over samples")
    assert lines[-1] == "Inputs: uint8 inputs times 1/255"
