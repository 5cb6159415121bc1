from __future__ import annotations

from math import isfinite

from strate import _core
from strate.layers.layer import Layer
from strate.tensor import tensor


class Normalize(Layer):
    """y = (x - mean) / deviation, channel by channel: constants that a saved model carries along.

    Bytes become numbers in 0 ... 1 before they reach a layer, so the constants are of those.

    Args:
        mean: of each channel, or one number for all.
        deviation: standard deviation of each channel, or one number for all; above 0.
    Shapes:
        x (N, ..., C) -> y (N, ..., C)
    Raises:
        ValueError: another number of constants than channels, a deviation that is not above 0.

    >>> st.Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.5])(st.ones((1, 1, 3))).tolist()
    [[[2.0, 2.0, 1.0]]]
    """

    capturable = True
    settings = ("mean", "deviation")

    def __init__(self, mean, deviation):
        self.mean, self.deviation = constants("mean", mean), constants("deviation", deviation)
        if not all(value > 0 for value in self.deviation):
            raise ValueError(f"deviation is above 0; got deviation={deviation}")
        self._made: dict = {}

    def build(self, input_shape):
        if not input_shape:
            raise ValueError("Normalize needs an axis of channels; got single numbers")
        for name in ("mean", "deviation"):
            if len(getattr(self, name)) not in (1, input_shape[-1]):
                given = getattr(self, name)
                raise ValueError(f"{name} has {len(given)} numbers for {input_shape[-1]} channels")
        self._made = {}
        return input_shape

    def forward(self, x, training=False):
        if training:
            self.keep(True)
        return _core.normalize_forward(x, *self._constants(x))

    def backward(self, dy):
        self.take_saved()
        return _core.normalize_backward(dy, self._constants(dy)[1])

    def _constants(self, like):
        kind = dtype, device = like.dtype, like.device
        if kind not in self._made:
            channels = self.input_shape[-1]
            repeated = ([*c] * channels if len(c) == 1 else [*c] for c in (self.mean, self.deviation))
            self._made[kind] = tuple(tensor(values, dtype, device) for values in repeated)
        return self._made[kind]


def constants(name: str, values) -> tuple[float, ...]:
    """One number, or several, as a tuple."""
    numbers = tuple(map(float, values)) if hasattr(values, "__iter__") else (float(values),)
    if not numbers or not all(map(isfinite, numbers)):
        raise ValueError(f"{name} is finite, one number for each channel; got {name}={values}")
    return numbers
