from __future__ import annotations

from strate.layers.layer import Layer
from strate.shapes import text
from strate.tensor import zeros


class Slice(Layer):
    """y = x[..., begin:end]: some of the numbers along the last axis, such as one feature of a word.

    Args:
        begin: first of them, counted from 0.
        end: one after the last. Default: all that follow.
    Shapes:
        x (N, ..., C) -> y (N, ..., end - begin)
    Raises:
        ValueError: a part that is empty, or that reaches beyond the axis.

    >>> st.Slice(1, 3)([[5.0, 6.0, 7.0, 8.0]]).tolist()
    [[6.0, 7.0]]
    """

    capturable = True
    bfloat16 = True
    passes_on = True
    settings = ("begin", "end")

    def __init__(self, begin: int, end: int | None = None):
        for name, value in (("begin", begin), ("end", end)):
            if isinstance(value, bool) or not (isinstance(value, int) or (name == "end" and value is None)):
                raise TypeError(f"Slice: {name} is a whole number; got {name}={value!r}")
        if begin < 0 or (end is not None and end <= begin):
            raise ValueError(f"Slice: 0 <= begin < end; got begin={begin}, end={end}")
        self.begin, self.end = begin, end

    def build(self, input_shape):
        size = input_shape[-1] if input_shape else 0
        end = size if self.end is None else self.end
        if not self.begin < end <= size:
            part = f"{self.begin}:{'' if self.end is None else self.end}"
            raise ValueError(f"the part {part} does not lie in the last axis of {text(input_shape)}")
        return (*input_shape[:-1], end - self.begin)

    def forward(self, x, training=False):
        return x[..., self.begin : self.end]

    def mask_after(self, x, mask):
        return mask if len(self.input_shape) > 1 else None  # the steps were what was cut

    def backward(self, dy):
        if not self.need_dx:
            return None
        dx = zeros((dy.shape[0], *self.input_shape), dy.dtype, dy.device)
        dx[..., self.begin : self.end] = dy
        return dx
