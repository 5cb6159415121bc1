from __future__ import annotations

from strate import _core
from strate.layers.pool2d import Pool2D
from strate.shapes import elements


class MaxPool2D(Pool2D):
    """Largest value of each window, map by map (lecture, p. 72).

    Args:
        window: side of the window in pixels, or (height, width).
        stride: step between windows in pixels. Default: the window.
        padding: pixels added around the image, as for Conv2D; they never win. Default: 0.
        dilation: distance of neighbouring taps in pixels. Default: 1.
        ceil: whether a last window that is not full counts. Default: False.
    Shapes:
        x (N, H, W, C) -> y (N, H', W', C), H' = (H + top + bottom - window) // stride + 1
    Raises:
        ValueError: the window is larger than the padded image, the padding not smaller than the window.

    >>> st.MaxPool2D(2)(st.ones((1, 28, 28, 6))).shape
    (1, 14, 14, 6)
    """

    settings = ("window", "stride", "padding", "dilation", "ceil")

    def __init__(self, window, stride=None, padding=0, dilation=1, ceil: bool = False):
        self._set(window, stride, padding, dilation, ceil)

    def build(self, input_shape):
        return self._pool(input_shape, False)

    def forward(self, x, training=False):
        y, argmax = _core.max_pool2d_forward(x, self.pool, training)
        if training:
            self.keep((argmax, x.shape))
        return y

    def backward(self, dy):
        argmax, shape = self.take_saved()
        return _core.max_pool2d_backward(dy, argmax, shape, self.pool) if self.need_dx else None

    def kept_bytes(self):
        return elements(self.output_shape) * (1 if elements(self.window) <= 256 else 4)
