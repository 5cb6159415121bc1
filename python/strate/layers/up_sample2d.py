from __future__ import annotations

from strate import _core
from strate.geometry import image, pair
from strate.layers.layer import Layer

KINDS = ("nearest", "bilinear")


class UpSample2D(Layer):
    """Images enlarged by a whole factor: pixels repeated, or weighed by how near they are.

    "bilinear" puts values at the centres of pixels: output i lies at (i + 1/2) / factor - 1/2 between
    those of x (half-pixel centres, align_corners=False); beyond the outermost centres the border's value
    goes on. Backward is the exact adjoint of forward.

    Args:
        factor: a number or (height, width), 1 or more. Default: 2.
        kind: "nearest" (default) or "bilinear".
    Shapes:
        x (N, H, W, C) -> y (N, factor * H, factor * W, C)
    Raises:
        ValueError: an unknown kind, a factor below 1.

    >>> st.UpSample2D(2)(st.ones((1, 14, 14, 6))).shape
    (1, 28, 28, 6)
    """

    capturable = True
    settings = ("factor", "kind")

    def __init__(self, factor=2, kind: str = "nearest"):
        self.factor, self.kind = pair("factor", factor), kind
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}; got kind={kind!r}")

    def build(self, input_shape):
        height, width, channels = image(input_shape)
        return (height * self.factor[0], width * self.factor[1], channels)

    def forward(self, x, training=False):
        return _core.up_sample2d_forward(x, self.factor, self.kind)

    def backward(self, dy):
        return _core.up_sample2d_backward(dy, self.factor, self.kind) if self.need_dx else None
