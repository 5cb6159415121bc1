from __future__ import annotations

from math import isfinite
from operator import index

from strate import _core
from strate.layers.layer import Layer
from strate.shapes import elements


class LocalResponseNorm(Layer):
    """y_c = x_c / (k + alpha * sum of x_j^2)^beta, j the `size` channels around c (lecture, p. 79).

    At the first and last channels the window holds those channels that there are. As in the
    paper, alpha is not divided by size.

    Args:
        size: channels in a window, odd. Default: 5.
        k: above 0. Default: 2.
        alpha: 0 or more. Default: 1e-4.
        beta: Default: 0.75.
    Shapes:
        x (N, ..., C) -> y (N, ..., C)
    Raises:
        ValueError: an even size, k not above 0, a negative alpha.
    Source:
        A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional
        neural networks", NIPS 2012.

    >>> layer = st.LocalResponseNorm(size=3, k=1, alpha=1, beta=1)
    >>> layer(st.tensor([[1.0, 2.0, 3.0]])).numpy().round(4).tolist()
    [[0.1667, 0.1333, 0.2143]]
    """

    capturable = True
    settings = ("size", "k", "alpha", "beta")

    def __init__(self, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75):
        self.size, self.k, self.alpha, self.beta = index(size), float(k), float(alpha), float(beta)
        if self.size < 1 or self.size % 2 == 0:
            raise ValueError(f"size is odd, 1 or more; got size={size}")
        if not (isfinite(self.k) and self.k > 0):
            raise ValueError(f"k is above 0; got k={k}")
        if not (isfinite(self.alpha) and self.alpha >= 0):
            raise ValueError(f"alpha is 0 or more; got alpha={alpha}")
        if not isfinite(self.beta):
            raise ValueError(f"beta is finite; got beta={beta}")

    def build(self, input_shape):
        if not input_shape:
            raise ValueError("LocalResponseNorm needs an axis of channels; got single numbers")
        return input_shape

    def forward(self, x, training=False):
        if training:
            self.keep(x)
        return _core.local_response_norm_forward(x, self.size, self.k, self.alpha, self.beta)

    def backward(self, dy):
        x = self.take_saved()
        if not self.need_dx:
            return None
        return _core.local_response_norm_backward(dy, x, self.size, self.k, self.alpha, self.beta)

    def multiply_adds(self):
        return self.size * elements(self.input_shape)
