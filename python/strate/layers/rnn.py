from __future__ import annotations

from strate.layers.recurrent import Recurrent


class RNN(Recurrent):
    """a<t> = g(W x<t> + b + R a<t-1>), a<0> = 0: the same weights at every step (lecture, section 8).

    Args:
        units: length of the state.
        activation: g, "tanh" (default) or "relu".
        return_sequences: whether y holds the state after every step, or after the last alone. Default:
            False.
        stateful: number of sequences in every batch whose last state begins the next batch. Default:
            None, every batch begins at zero.
        init, recurrent_init: of W and R. Default: "glorot_uniform", "orthogonal". The bias starts at zero.
    Shapes:
        x (N, T, inputs) -> y (N, T, units), or (N, units)
        weight W (units, inputs), recurrent_weight R (units, units), bias b (units); state hidden
        (stateful, units)
    Raises:
        ValueError: samples that are not (T, inputs), an unknown activation, another batch than `stateful`.

    >>> st.RNN(4, return_sequences=True)(st.ones((2, 5, 3))).shape
    (2, 5, 4)
    """

    settings = (*Recurrent.settings, "activation")

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        return_sequences: bool = False,
        stateful: int | None = None,
        init="glorot_uniform",
        recurrent_init="orthogonal",
    ):
        if activation not in ("tanh", "relu"):
            raise ValueError(f"RNN: activation is tanh or relu; got activation={activation!r}")
        self.activation, self.cell = activation, f"rnn_{activation}"
        self._set(units, return_sequences, stateful, init, recurrent_init)

    def config(self):
        return {**super().config(), "activation": self.activation}
