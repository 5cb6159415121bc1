from __future__ import annotations

from strate import _core
from strate.layers.layer import Layer


class Dropout(Layer):
    """y = x * mask / (1 - rate) in training, y = x otherwise (Srivastava et al., 2014).

    The mask is 0 with probability `rate`. It depends on the model's seed, the count of training
    steps, the layer's place and the element alone, so it is not stored: backward draws it again.

    Args:
        rate: probability of dropping a value, 0 <= rate < 1.
    Shapes:
        x (N, ...) -> y (N, ...)
    Raises:
        ValueError: a rate outside of [0, 1).

    >>> st.Dropout(0.5)(st.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    capturable = True
    bfloat16 = True
    settings = ("rate",)

    def __init__(self, rate: float):
        self.rate = float(rate)
        if not 0 <= self.rate < 1:
            raise ValueError(f"Dropout: 0 <= rate < 1; got rate={rate}")

    def forward(self, x, training=False):
        if not training:
            return x
        y, begin = _core.dropout_forward(x, self.rate, self.random, self.stream)
        self.keep(begin)
        return y

    def backward(self, dy):
        saved = self.take_saved()
        return _core.dropout_backward(dy, self.rate, saved, self.stream) if self.need_dx else None
