"""What the pooling layers share: a window that moves over each map on its own."""

from __future__ import annotations

from strate import _core
from strate.geometry import image, output_size, padding_of, padding_text, pair, sides_for, written
from strate.layers.layer import Layer


class Pool2D(Layer):
    """A window, its stride and padding; the subclass says what is taken from a window."""

    capturable = True
    bfloat16 = True

    def _set(self, window, stride, padding, dilation, ceil: bool) -> None:
        self.window = pair("window", window)
        self.stride = self.window if stride is None else pair("stride", stride)
        self.padding, self.dilation, self.ceil = padding_of(padding), pair("dilation", dilation), bool(ceil)

    def _pool(self, input_shape, count_padding: bool) -> tuple[int, ...]:
        height, width, _ = image(input_shape)
        sides = sides_for(self.padding, (height, width), self.window, self.stride, self.dilation)
        if max(sides[:2]) >= self.window[0] or max(sides[2:]) >= self.window[1]:
            raise ValueError(
                f"padding is smaller than the window; got padding {padding_text(sides)}, "
                f"window {self.window[0]}x{self.window[1]}"
            )
        output_size("window", input_shape, self.window, self.stride, sides, self.dilation)
        self.pool = _core.Pool2d(self.window, self.stride, sides, self.dilation, self.ceil, count_padding)
        return _core.pool2d_shape((1, *input_shape), self.pool)[1:]

    def receptive_field(self, seen, through):
        return seen and seen.through(self.window, self.stride, self.dilation)

    def config(self):
        return {
            "window": self.window,
            "stride": self.stride,
            "padding": written(self.padding),
            "dilation": self.dilation,
            "ceil": self.ceil,
        }
