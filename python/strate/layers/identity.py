from __future__ import annotations

from strate.layers.layer import Layer


class Identity(Layer):
    """y = x: a branch that leaves its input alone.

    Shapes:
        x (N, ...) -> y (N, ...)

    >>> st.Identity()(st.ones((2, 3))).shape
    (2, 3)
    """

    capturable = True
    bfloat16 = True
    passes_on = True

    def forward(self, x, training=False):
        return x

    def backward(self, dy):
        return dy
