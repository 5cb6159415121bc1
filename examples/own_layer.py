"""A layer of one's own, in plain numpy, inside a model that the engine trains.

python examples/own_layer.py
"""

import numpy as np

import strate as st


class Swish(st.Layer):
    """y = x s(b x) with s the sigmoid and one trained b (Ramachandran, Zoph and Le, 2017)."""

    def build(self, input_shape):
        self.parameter("b", (1,), init=1.0)
        return input_shape

    def forward(self, x, training=False):
        x = x.numpy()
        s = 1 / (1 + np.exp(-self.b.numpy() * x))
        if training:
            self.saved = x, s
        return x * s

    def backward(self, dy):
        (x, s), dy = self.take_saved(), dy.numpy()
        b = self.b.numpy()
        self.db = np.sum(dy * x * x * s * (1 - s), keepdims=True).reshape(1)
        return dy * (s + b * x * s * (1 - s))


(x, y), (x_test, y_test) = st.data.digits()
model = st.Sequential(
    [st.Flatten(), st.Dense(32), Swish(), st.Dense(10, activation="softmax")],
    input_shape=(8, 8, 1),
    seed=0,
)
print(model.check_gradients(x[:8], y[:8], loss="cross_entropy"))
model.fit(
    x,
    y,
    loss="cross_entropy",
    optimizer=st.SGD(0.1, momentum=0.9),
    epochs=20,
    batch_size=32,
    seed=0,
    verbose=0,
)
print(model.evaluate(x_test, y_test))
