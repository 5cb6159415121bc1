from __future__ import annotations

from math import isfinite

from strate import _core
from strate.geometry import image, output_size, padding_of, sides_for, written
from strate.layers import activation
from strate.layers.layer import Layer


class Rescaling(Layer):
    """y = scale x + offset with fixed numbers, for images; padding goes around x, so it becomes the offset.

    LeNet-5 sees white as -0.1 and black as 1.175, on images with a white margin: scale 1.275, offset
    -0.1 for images whose background is 0 (LeCun et al., 1998, section II.B).

    Args:
        scale, offset: finite numbers. They are constants, saved with the model and not trained.
        padding: zeros around x, as for Conv2D. Default: 0.
    Shapes:
        x (N, H, W, C) -> y (N, H + top + bottom, W + left + right, C)
    Raises:
        ValueError: a number that is not finite.

    >>> y = st.Rescaling(1.275, -0.1, padding=2)(st.ones((1, 28, 28, 1))).numpy()
    >>> y.shape, round(float(y[0, 2, 2, 0]), 3), round(float(y[0, 0, 0, 0]), 3)
    ((1, 32, 32, 1), 1.175, -0.1)
    """

    capturable = True
    settings = ("scale", "offset", "padding")

    def __init__(self, scale: float, offset: float = 0.0, padding=0):
        self.scale, self.offset, self.padding = float(scale), float(offset), padding_of(padding)
        if not (isfinite(self.scale) and isfinite(self.offset)):
            raise ValueError(f"scale and offset are finite numbers; got scale={scale}, offset={offset}")

    def build(self, input_shape):
        height, width, channels = image(input_shape)
        one = (1, 1)
        sides = sides_for(self.padding, (height, width), one, one, one)
        self.conv = _core.Conv2d(one, sides, one, channels)  # a fixed 1x1 convolution, map by map
        self.state("factors", (channels, 1, 1, 1), self.scale)
        self.state("offsets", (channels,), self.offset)
        return (*output_size("kernel", input_shape, one, one, sides, one), channels)

    def forward(self, x, training=False):
        if training:
            self.keep(x)
        return _core.conv2d_forward(x, self.factors, self.offsets, self.conv, activation.IDENTITY)

    def backward(self, dy):
        x = self.take_saved()
        if not self.need_dx:
            return None
        return _core.conv2d_backward(
            dy, x, self.factors, None, self.conv, activation.IDENTITY, None, None, True
        )

    def receptive_field(self, seen, through):
        return seen  # the margin moves pixels, and widens nothing

    def config(self):
        return {"scale": self.scale, "offset": self.offset, "padding": written(self.padding)}
