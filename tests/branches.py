"""Small networks of branches: residual blocks, modules side by side, and a layer in plain Python."""

from __future__ import annotations

import numpy as np

import strate as st

GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=(6, 6, 6, 4)).astype(np.float32)
Y = np.array([0, 1, 2, 0, 1, 2])


class Double(st.Layer):
    """A layer of the user's own, in numpy."""

    def build(self, input_shape):
        self.parameter("factor", (1,), 2.0)
        return input_shape

    def forward(self, x, training=False):
        self.x = x.numpy()
        return self.x * self.factor.numpy()

    def backward(self, dy):
        self.dfactor = np.array([(dy.numpy() * self.x).sum()])
        return dy.numpy() * self.factor.numpy()


def basic_block(filters, stride=1):
    body = st.Sequential(
        [
            st.Conv2D(filters, 3, stride=stride, padding=1, activation="relu"),
            st.Conv2D(filters, 3, padding=1),
        ]
    )
    return st.Residual(body, None if stride == 1 else st.ZeroPadShortcut(filters, stride))


def inception():
    return st.Parallel(
        st.Conv2D(3, 1, activation="relu"),
        st.Sequential([st.Conv2D(2, 1), st.Conv2D(4, 3, padding=1)]),
        st.Sequential([st.MaxPool2D(3, stride=1, padding=1), st.Conv2D(2, 1)]),
    )


def squeeze_and_excitation(maps):
    squeeze = st.Sequential(
        [
            st.AveragePool2D(6),
            st.Dense(2, activation="relu"),
            st.Dense(maps, activation="sigmoid"),
        ]
    )
    return st.Parallel(st.Identity(), squeeze, merge="multiply")


def normalised(filters):
    conv = [st.Conv2D(filters, 3, padding=1, bias=False), st.BatchNorm()]
    return st.Residual(st.Sequential([*conv, st.ReLU(), st.Conv2D(filters, 1, bias=False), st.BatchNorm()]))


NETWORKS = {
    "residual": lambda: [basic_block(4), st.ReLU(), basic_block(8, 2), st.ReLU()],
    "normalised residual": lambda: [normalised(4), st.ReLU(), st.Residual(st.BatchNorm()), st.Tanh()],
    "projected": lambda: [st.Residual(st.Conv2D(8, 3, padding=1), st.Conv2D(8, 1)), st.Tanh()],
    "inception": lambda: [inception(), st.ReLU()],
    "squeeze": lambda: [squeeze_and_excitation(4)],
    "squeezed residual": lambda: [
        st.Residual(st.Sequential([st.Conv2D(4, 3, padding=1), squeeze_and_excitation(4)])),
        st.ReLU(),
    ],
    "sum of three": lambda: [st.Parallel(st.Conv2D(4, 1), st.AveragePool2D(6), st.Identity(), merge="add")],
    "product of three": lambda: [
        st.Parallel(st.AveragePool2D(6), st.Conv2D(4, 1), st.Identity(), merge="multiply")
    ],
    "own layer": lambda: [
        st.Residual(Double()),
        st.Parallel(Double(), st.Residual(st.Sequential([Double()]))),
    ],
    "auxiliary": lambda: [
        st.Conv2D(4, 3, padding=1, activation="tanh"),
        st.Auxiliary(st.Sequential([st.Flatten(), st.Dense(3, activation="softmax")]), 0.3),
    ],
}


def network(name, **options):
    layers = [*NETWORKS[name](), st.Flatten(), st.Dense(3, activation="softmax")]
    return st.Sequential(layers, input_shape=(6, 6, 4), seed=1, **options)
