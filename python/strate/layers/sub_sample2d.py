from __future__ import annotations

from strate import _core
from strate.geometry import image, output_size, pair
from strate.layers.affine import Affine
from strate.shapes import elements


class SubSample2D(Affine):
    """y = g(w_c * sum of the window + b_c): sub-sampling with a weight and a bias for each map.

    The windows lie side by side; pixels behind the last whole one are left out. It is how LeNet-5
    halves its maps (LeCun et al., 1998, section II.B); average pooling has w_c fixed.

    Args:
        window: side of the window in pixels, or (height, width). Default: 2.
        activation: g, by name or as an Activation. Default: the identity.
        init: of w. Default: "glorot_uniform". The bias starts at zero.
    Shapes:
        x (N, H, W, C) -> y (N, H // window, W // window, C)
        weight (C), bias (C)
    Raises:
        ValueError: the window is larger than the image.

    >>> layer = st.SubSample2D(2, activation="scaled_tanh")
    >>> layer(st.ones((1, 28, 28, 6))).shape
    (1, 14, 14, 6)
    """

    folds = False
    bfloat16 = False  # unlike the other affine layers
    settings = ("window", "activation", "init")

    def __init__(self, window=2, activation=None, init="glorot_uniform"):
        self.window = pair("window", window)
        self._set(activation, True, init)

    def build(self, input_shape):
        channels = image(input_shape)[2]
        size = output_size("window", input_shape, self.window, self.window, (0, 0, 0, 0), (1, 1))
        self._declare_parameters((channels,), None, (elements(self.window), 1))
        return (*size, channels)

    def _affine(self, x, kernel, weight, bias):
        return _core.sub_sample2d_forward(x, weight, bias, self.window, kernel)

    def _gradients(self, dy, x, y, kernel):
        dweight, dbias = (self.dweight, self.dbias) if self._trainable else (None, None)
        return _core.sub_sample2d_backward(
            dy, x, self.weight, y, self.window, kernel, dweight, dbias, self.need_dx
        )

    def receptive_field(self, seen, through):
        return seen and seen.through(self.window, self.window)

    def multiply_adds(self):
        return elements(self.output_shape) * (elements(self.window) + 1)

    def config(self):
        config = {"window": self.window, **super().config()}
        del config["bias"]
        return config
