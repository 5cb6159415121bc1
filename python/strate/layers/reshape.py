from __future__ import annotations

from strate.layers.layer import Layer
from strate.shapes import elements, shape_of, text


class Reshape(Layer):
    """The same numbers in another shape, sample by sample; nothing is copied, unless x is a view with gaps.

    Args:
        shape: of one sample; one size may be -1 and is worked out.
    Shapes:
        x (N, ...) -> y (N, *shape)
    Raises:
        ValueError: shapes that hold different counts of numbers.

    >>> st.Reshape((28, 28, 1))(st.ones((5, 784))).shape
    (5, 28, 28, 1)
    """

    capturable = True
    bfloat16 = True
    passes_on = True
    settings = ("shape",)

    def __init__(self, shape):
        shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        if shape.count(-1) > 1:
            raise ValueError(f"Reshape: at most one size is -1; got shape={shape}")
        shape_of(tuple(1 if size == -1 else size for size in shape), "shape")
        self.shape = shape

    def build(self, input_shape):
        known = elements(tuple(size for size in self.shape if size != -1))
        missing = elements(input_shape) // known
        shape = tuple(missing if size == -1 else size for size in self.shape)
        if elements(shape) != elements(input_shape):
            product = f" = {elements(input_shape)}" if len(input_shape) > 1 else ""
            raise ValueError(f"{text(self.shape)} does not hold {text(input_shape)}{product} numbers")
        return shape

    def forward(self, x, training=False):
        return x.contiguous().reshape((x.shape[0], *self.output_shape))

    def backward(self, dy):
        return dy.contiguous().reshape((dy.shape[0], *self.input_shape))
