from __future__ import annotations

from strate import _core
from strate.geometry import image
from strate.layers.layer import Layer


class GlobalAveragePool2D(Layer):
    """Mean of each map: an image becomes a vector of its channels.

    Args:
        keep_dims: whether y stays an image, of 1x1 maps. Default: False.
    Shapes:
        x (N, H, W, C) -> y (N, C), or (N, 1, 1, C) with keep_dims
    Raises:
        ValueError: not images.

    >>> st.GlobalAveragePool2D()(st.ones((2, 7, 7, 5))).shape
    (2, 5)
    >>> st.GlobalAveragePool2D(keep_dims=True)(st.ones((2, 7, 7, 5))).shape
    (2, 1, 1, 5)
    """

    capturable = True
    bfloat16 = True
    settings = ("keep_dims",)

    def __init__(self, keep_dims: bool = False):
        self.keep_dims = bool(keep_dims)

    def build(self, input_shape):
        _, _, channels = image(input_shape)
        return (1, 1, channels) if self.keep_dims else (channels,)

    def forward(self, x, training=False):
        if training:
            self.keep(x.shape)
        y = _core.global_average_pool2d_forward(x)
        return y.reshape((len(x), *self.output_shape)) if self.keep_dims else y

    def backward(self, dy):
        shape = self.take_saved()
        if not self.need_dx:
            return None
        dy = dy.reshape((shape[0], shape[3])) if self.keep_dims else dy
        return _core.global_average_pool2d_backward(dy, shape)
