from __future__ import annotations

from strate.layers.layer import Layer
from strate.shapes import elements


class Flatten(Layer):
    """All numbers of a sample in one row; nothing is copied, unless x is a view with gaps.

    Shapes:
        x (N, H, W, C) -> y (N, H W C)

    >>> st.Flatten()(st.ones((5, 4, 4, 16))).shape
    (5, 256)
    """

    capturable = True
    bfloat16 = True
    passes_on = True

    def build(self, input_shape):
        return (elements(input_shape),)

    def forward(self, x, training=False):
        return x.contiguous().reshape((x.shape[0], *self.output_shape))

    def backward(self, dy):
        return dy.contiguous().reshape((dy.shape[0], *self.input_shape))
