from __future__ import annotations

from strate.layers.layer import Layer


class Reverse(Layer):
    """The steps of a sequence from the last to the first, its mask with them.

    A recurrent layer between two of these reads a sentence backwards, so that every word is told what
    follows it. Padding comes first then, where the state passes over it and is still zero.

    Shapes:
        x (N, T, ...) -> y (N, T, ...)
    Raises:
        ValueError: samples without an axis of steps.
    Source:
        M. Schuster, K. K. Paliwal, "Bidirectional recurrent neural networks", IEEE Transactions on Signal
        Processing 45(11), 1997.

    >>> st.Reverse()([[1.0, 2.0, 3.0]]).tolist()
    [[3.0, 2.0, 1.0]]
    """

    capturable = True
    bfloat16 = True
    passes_on = True

    def build(self, input_shape):
        if not input_shape:
            raise ValueError("Reverse needs an axis of steps; got single numbers")
        return input_shape

    def forward(self, x, training=False):
        return x[:, ::-1]

    def mask_after(self, x, mask):
        return None if mask is None else mask[:, ::-1].contiguous()

    def backward(self, dy):
        return dy[:, ::-1]
