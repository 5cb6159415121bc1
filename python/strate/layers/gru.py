from __future__ import annotations

from strate.layers.recurrent import Recurrent


class GRU(Recurrent):
    """Gated recurrent unit: h<t> = (1 - z) n + z h<t-1>, from h<0> = 0.

    r, z = s(W x<t> + b + R h<t-1> + c) and n = tanh(W_n x<t> + b_n + r (R_n h<t-1> + c_n)): the gate r works
    on the product with the state, after it, as in PyTorch, in Keras's `reset_after` and ONNX's
    `linear_before_reset`. The rows of W, R, b and c stand in the order r, z, n.

    Args:
        units: length of h.
        return_sequences: whether y holds h after every step, or after the last alone. Default: False.
        stateful: number of sequences in every batch whose last state begins the next batch. Default:
            None, every batch begins at zero.
        init, recurrent_init: of W and R. Default: "glorot_uniform", "orthogonal". Both biases start at zero.
    Shapes:
        x (N, T, inputs) -> y (N, T, units), or (N, units)
        weight W (3 units, inputs), recurrent_weight R (3 units, units), bias b and recurrent_bias c
        (3 units); state hidden (stateful, units)
    Raises:
        ValueError: samples that are not (T, inputs), another batch than `stateful`.
    Source:
        K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
        translation", EMNLP 2014.

    >>> st.GRU(4)(st.ones((2, 5, 3))).shape
    (2, 4)
    """

    gates = 3
    cell = "gru"

    def __init__(
        self,
        units: int,
        return_sequences: bool = False,
        stateful: int | None = None,
        init="glorot_uniform",
        recurrent_init="orthogonal",
    ):
        self._set(units, return_sequences, stateful, init, recurrent_init)

    def build(self, input_shape):
        output = super().build(input_shape)
        self.parameter("recurrent_bias", (3 * self.units,), "zeros", decay=False)
        return output

    def _recurrent_bias(self):
        return self.recurrent_bias

    def _drecurrent_bias(self):
        return self.drecurrent_bias
