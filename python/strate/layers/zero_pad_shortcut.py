from __future__ import annotations

from strate.geometry import image
from strate.layers.layer import Layer
from strate.shapes import shape_of
from strate.tensor import zeros


class ZeroPadShortcut(Layer):
    """Every stride-th pixel, and maps of zeros behind: a shortcut without parameters (option A of the paper).

    Args:
        filters: number of maps that come out, at least as many as go in.
        stride: step in pixels, both ways. Default: 2.
    Shapes:
        x (N, H, W, C) -> y (N, ceil(H / stride), ceil(W / stride), filters)
    Raises:
        ValueError: fewer filters than maps of x.
    Source:
        K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016,
        section 4.2.

    >>> st.ZeroPadShortcut(32)(st.ones((1, 8, 8, 16))).shape
    (1, 4, 4, 32)
    """

    capturable = True
    bfloat16 = True
    settings = ("filters", "stride")

    def __init__(self, filters: int, stride: int = 2):
        (self.filters,), (self.stride,) = shape_of((filters,), "filters"), shape_of((stride,), "stride")

    def build(self, input_shape):
        height, width, maps = image(input_shape)
        if self.filters < maps:
            raise ValueError(f"zeros are put behind the maps; got filters={self.filters} for {maps} maps")
        return -(-height // self.stride), -(-width // self.stride), self.filters

    def forward(self, x, training=False):
        y = zeros((x.shape[0], *self.output_shape), x.dtype, x.device)
        y[..., : x.shape[3]] = x[:, :: self.stride, :: self.stride]
        return y

    def backward(self, dy):
        if not self.need_dx:
            return None
        dx = zeros((dy.shape[0], *self.input_shape), dy.dtype, dy.device)
        dx[:, :: self.stride, :: self.stride] = dy[..., : self.input_shape[2]]
        return dx

    def receptive_field(self, seen, through):
        return seen and seen.through((1, 1), (self.stride, self.stride))
