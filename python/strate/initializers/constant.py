from __future__ import annotations

from strate.initializers.initializer import Initializer


class Constant(Initializer):
    """w = value.

    >>> st.Dense(2, init=st.initializers.Constant(0.5))(st.ones((1, 4))).tolist()
    [[2.0, 2.0]]
    """

    def __init__(self, value: float):
        self.value = float(value)

    def fill(self, out, fan_in, fan_out, seed, stream):
        out.fill(self.value)


class Zeros(Initializer):
    """w = 0: for biases. Weights that are all zero learn nothing: every unit stays like its neighbour."""

    def fill(self, out, fan_in, fan_out, seed, stream):
        out.fill(0.0)
