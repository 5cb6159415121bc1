from __future__ import annotations

from strate.layers.recurrent import Recurrent
from strate.tensor import full, zeros


class LSTM(Recurrent):
    """Long short-term memory: a cell c that gates write to, keep and read.

    i, f, o = s(W x<t> + b + R h<t-1>) and g = tanh of the like, each with rows of its own;
    c<t> = f c<t-1> + i g, h<t> = o tanh(c<t>), from h<0> = c<0> = 0. The rows of W, R and b stand in the
    order i, f, g, o, as in PyTorch and Keras.

    Args:
        units: length of h and c.
        return_sequences: whether y holds h after every step, or after the last alone. Default: False.
        stateful: number of sequences in every batch whose last state begins the next batch. Default:
            None, every batch begins at zero.
        init, recurrent_init: of W and R. Default: "glorot_uniform", "orthogonal". The bias starts at
            zero, at 1 for f, so that a cell keeps what it has before it has learnt what to forget.
    Shapes:
        x (N, T, inputs) -> y (N, T, units), or (N, units)
        weight (4 units, inputs), recurrent_weight (4 units, units), bias (4 units); state hidden and memory
        (stateful, units)
    Raises:
        ValueError: samples that are not (T, inputs), another batch than `stateful`.
    Source:
        S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997, with the
        forget gate of F. Gers, J. Schmidhuber, F. Cummins, "Learning to forget", 2000.

    >>> st.LSTM(4)(st.ones((2, 5, 3))).shape
    (2, 4)
    """

    gates = 4
    states = ("hidden", "memory")
    cell = "lstm"

    def __init__(
        self,
        units: int,
        return_sequences: bool = False,
        stateful: int | None = None,
        init="glorot_uniform",
        recurrent_init="orthogonal",
    ):
        self._set(units, return_sequences, stateful, init, recurrent_init)

    def _bias_init(self):
        return remember


def remember(shape, generator):
    """A bias of 1 for the gate that forgets, 0 for the others."""
    bias = zeros(shape)
    units = shape[0] // 4
    bias[units : 2 * units] = full((units,), 1)
    return bias
