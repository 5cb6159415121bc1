from __future__ import annotations

from strate import _core
from strate.layers.pool2d import Pool2D


class AveragePool2D(Pool2D):
    """Mean of each window, map by map (lecture, p. 72).

    Args:
        window: side of the window in pixels, or (height, width).
        stride: step between windows in pixels. Default: the window.
        padding: pixels added around the image, as for Conv2D. Default: 0.
        dilation: distance of neighbouring taps in pixels. Default: 1.
        ceil: whether a last window that is not full counts. Default: False.
        count_padding: whether padded pixels count, as zeros, in the mean. Default: False.
    Shapes:
        x (N, H, W, C) -> y (N, H', W', C), H' = (H + top + bottom - window) // stride + 1
    Raises:
        ValueError: the window is larger than the padded image, the padding not smaller than the window.

    >>> st.AveragePool2D(2)(st.ones((1, 28, 28, 6))).shape
    (1, 14, 14, 6)
    """

    settings = ("window", "stride", "padding", "dilation", "ceil", "count_padding")

    def __init__(
        self, window, stride=None, padding=0, dilation=1, ceil: bool = False, count_padding: bool = False
    ):
        self._set(window, stride, padding, dilation, ceil)
        self.count_padding = bool(count_padding)

    def build(self, input_shape):
        return self._pool(input_shape, self.count_padding)

    def forward(self, x, training=False):
        if training:
            self.keep(x.shape)
        return _core.average_pool2d_forward(x, self.pool)

    def backward(self, dy):
        shape = self.take_saved()
        return _core.average_pool2d_backward(dy, shape, self.pool) if self.need_dx else None

    def config(self):
        return {**super().config(), "count_padding": self.count_padding}
