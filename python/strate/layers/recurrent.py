"""What RNN, LSTM and GRU share: weights, states, and the way through time."""

from __future__ import annotations

from strate import _core, initializers
from strate.layers.layer import Layer
from strate.shapes import shape_of, text


class Recurrent(Layer):
    """A state that is carried from step to step with the same weights; the subclass names the cell.

    Steps that a mask leaves out keep the state. A stateful layer keeps the last state of each sequence of
    a batch, in training and outside of it, and the next batch goes on from there; the gradient ends
    where the batch begins (backpropagation through time, truncated).
    """

    capturable = True
    takes_mask = True
    settings = ("units", "return_sequences", "stateful", "init", "recurrent_init")
    gates = 1
    cell = "rnn_tanh"  # the engine's name
    states: tuple[str, ...] = ("hidden",)

    def _set(self, units, return_sequences, stateful, init, recurrent_init) -> None:
        (self.units,) = shape_of((units,), "units")
        self.return_sequences = bool(return_sequences)
        self.stateful = None if stateful is None else shape_of((stateful,), "stateful")[0]
        self.init = initializers.get("glorot_uniform" if init is None else init)
        self.recurrent_init = initializers.get("orthogonal" if recurrent_init is None else recurrent_init)

    def _bias_init(self):
        return "zeros"

    def _recurrent_bias(self):
        return None

    def _drecurrent_bias(self):
        return None

    def build(self, input_shape):
        if len(input_shape) != 2:
            raise ValueError(
                f"{type(self).__name__} takes sequences, (T, features); got samples of {text(input_shape)}"
            )
        time, inputs = input_shape
        rows = self.gates * self.units
        self.parameter("weight", (rows, inputs), self.init, (1, 0), fans=(inputs, self.units))
        self.parameter(
            "recurrent_weight", (rows, self.units), self.recurrent_init, (1, 0), fans=(self.units, self.units)
        )
        self.parameter("bias", (rows,), self._bias_init(), decay=False)
        if self.stateful is not None:
            for name in self.states:
                self.state(name, (self.stateful, self.units))
        return (time, self.units) if self.return_sequences else (self.units,)

    def forward(self, x, training=False, mask=None):
        states = self._states_for(len(x))
        y, saved = _core.recurrent_forward(
            self.cell,
            x,
            self.weight,
            self.recurrent_weight,
            self.bias,
            self._recurrent_bias(),
            mask,
            *states,
            self.return_sequences,
        )
        if self.stateful is not None:
            _, hidden, _, memory = saved
            for state, steps in zip(states, (hidden, memory), strict=True):
                if state is not None:
                    state.copy_from(steps[-1])
        if training:
            self.keep((saved, mask))
        return y

    def mask_after(self, x, mask):
        return mask if self.return_sequences else None

    def backward(self, dy):
        saved, mask = self.take_saved()
        written = (None,) * 4
        if self._trainable:
            written = self.dweight, self.drecurrent_weight, self.dbias, self._drecurrent_bias()
        given = self.weight, self.recurrent_weight, mask
        return _core.recurrent_backward(self.cell, dy, saved, *given, *written, self.need_dx)[0]

    def reset_state(self) -> None:
        """Forget the sequences so far: the next batch of a stateful layer begins new ones."""
        if self.stateful is not None:
            for name in self.states:
                getattr(self, name).fill(0)

    def _states_for(self, batch: int):
        """(hidden, cell) to begin with; None where they are zero."""
        if self.stateful is None:
            return None, None
        if batch != self.stateful:
            raise ValueError(
                f"{type(self).__name__} keeps the state of {self.stateful} sequences (stateful="
                f"{self.stateful}), so every batch has that many; got a batch of {batch}"
            )
        return tuple(getattr(self, name) if name in self.states else None for name in ("hidden", "memory"))

    def multiply_adds(self):
        time, inputs = self.input_shape
        return time * self.gates * self.units * (inputs + self.units)

    def kept_bytes(self):
        root = None if self._root is None else self._root()
        itemsize = 8 if root is not None and root.dtype == "float64" else 4
        time, inputs = self.input_shape
        return itemsize * time * (inputs + self.units * (self.gates + 1 + (self.gates > 1)))

    def config(self):
        return {
            "units": self.units,
            "return_sequences": self.return_sequences,
            "stateful": self.stateful,
            "init": initializers.describe(self.init),
            "recurrent_init": initializers.describe(self.recurrent_init),
        }
