from __future__ import annotations

from strate import _core, initializers
from strate.layers.layer import Layer
from strate.shapes import shape_of
from strate.tensor import zeros

LARGEST = 1 << 24  # whole numbers that float32 holds exactly


class Embedding(Layer):
    """y = weight[x]: a trained vector for every word of a vocabulary.

    Words are whole numbers, passed to the model as such (they are not scaled, uint8 neither); a whole
    number has no derivative, so `backward` gives zero.

    Args:
        vocabulary: number of words, at most 2^24: numbers run from 0 to vocabulary - 1.
        units: length of a vector.
        mask_zero: whether 0 stands for padding: recurrent layers pass over such steps, and losses and
            metrics leave them out. Default: False.
        init: of the vectors. Default: "small_uniform", within 0.05 of zero.
    Shapes:
        x (N, ...) -> y (N, ..., units)
        weight (vocabulary, units)
    Raises:
        ValueError: a size below 1; at call, a number that is not whole or out of range, with its place.

    >>> layer = st.Embedding(4, 2, init=lambda shape, generator: [[0, 0], [1, 2], [3, 4], [5, 6]])
    >>> layer([[3, 1]]).tolist()
    [[[5.0, 6.0], [1.0, 2.0]]]
    """

    capturable = True
    whole_numbers = True
    settings = ("vocabulary", "units", "mask_zero", "init")

    def __init__(self, vocabulary: int, units: int, mask_zero: bool = False, init="small_uniform"):
        (self.vocabulary,) = shape_of((vocabulary,), "vocabulary")
        (self.units,) = shape_of((units,), "units")
        if self.vocabulary > LARGEST:
            raise ValueError(f"Embedding: a vocabulary has at most 2^24 words; got vocabulary={vocabulary}")
        self.mask_zero = bool(mask_zero)
        self.init = initializers.get("small_uniform" if init is None else init)

    @property
    def makes_mask(self) -> bool:
        """Whether positions that hold 0 are padding."""
        return self.mask_zero

    def build(self, input_shape):
        if self.mask_zero and len(input_shape) != 1:
            raise ValueError(f"mask_zero marks the steps of (N, T); got samples of shape {input_shape}")
        self.parameter("weight", (self.vocabulary, self.units), self.init)
        return (*input_shape, self.units)

    def forward(self, x, training=False):
        y, index = _core.embedding_forward(x, self.weight)
        if training:
            self.keep(index)
        return y

    def mask_after(self, x, mask):
        return x.astype("bool") if self.mask_zero else super().mask_after(x, mask)

    def backward(self, dy):
        index = self.take_saved()
        if self._trainable:
            _core.embedding_backward(dy, index, self.dweight)
        return zeros(index.shape, dy.dtype, dy.device) if self.need_dx else None

    def kept_bytes(self):
        return 8 * (self.output_shape[0] if len(self.output_shape) > 1 else 1)

    def config(self):
        return {
            "vocabulary": self.vocabulary,
            "units": self.units,
            "mask_zero": self.mask_zero,
            "init": initializers.describe(self.init),
        }
