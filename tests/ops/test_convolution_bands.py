"""Convolutions in bands of rows that leave the taps outside the image out, instead of copying padding."""

import numpy as np
import pytest

from convolutions import ConvolutionTests, convolution, kernel_order, sized
from harness import cpu_only, normal, tensor
from strate import _core

# Edges wider than a tap, of one side only, of images lower than wide and higher than wide; transposed
# weights of few filters, panels of many, groups; several taps to the same outputs at the edge.
IN_PLACE = [
    sized((2, 9, 40, 40), (20, 3, 3, 40), padding=(1, 1, 1, 1), activation="relu"),
    sized((1, 7, 30, 64), (3, 3, 3, 64), stride=(1, 2), padding=(1, 1, 1, 1), activation="leaky_relu"),
    sized((2, 30, 12, 96), (44, 3, 3, 48), stride=(2, 1), padding=(0, 2, 1, 0), dilation=(1, 2), groups=2),
    sized((1, 40, 32, 16), (70, 5, 3, 16), padding=(4, 4, 3, 3), dilation=(2, 3), activation="tanh"),
    sized((1, 3, 40, 60), (9, 3, 1, 60), padding=(2, 2, 0, 0)),
]
# Most outputs at an edge: a column of taps at a time. One register of filters, panels, groups; stride, rows
# and columns that no output sees; a row whose taps all lie outside.
COLUMNS = [
    sized((1, 10, 14, 48), (20, 5, 5, 48), padding=(4, 4, 4, 4), dilation=(2, 2), activation="relu"),
    sized((2, 12, 15, 72), (18, 3, 5, 36), stride=(2, 2), padding=(3, 3, 6, 6), dilation=(3, 3), groups=2),
    sized((1, 6, 13, 40), (75, 3, 7, 40), padding=(7, 1, 9, 5), dilation=(1, 2), activation="tanh"),
    sized((1, 9, 20, 64), (12, 2, 4, 64), stride=(3, 4), padding=(1, 1, 7, 8), dilation=(1, 5)),
]
DEPTHWISE = [
    sized((2, 9, 11, 48), (48, 5, 5, 1), padding=(2, 2, 2, 2), groups=48, activation="relu"),
    sized((1, 20, 5, 37), (37, 3, 3, 1), stride=(2, 1), padding=(3, 2, 2, 3), dilation=(3, 2), groups=37),
    sized((2, 4, 4, 20), (20, 7, 7, 1), padding=(3, 3, 3, 3), groups=20),  # some rows of taps see nothing
    sized((1, 4, 33, 20), (20, 3, 3, 1), stride=(1, 2), padding=(1, 1, 3, 0), dilation=(1, 2), groups=20),
    sized((1, 9, 10, 24), (24, 4, 11, 1), padding=(1, 1, 5, 5), groups=24, activation="relu"),
    sized((1, 4, 9, 32), (32, 2, 10, 1), padding=(1, 0, 5, 4), groups=32),
    sized((1, 6, 29, 300), (300, 7, 7, 1), padding=(2, 3, 3, 2), groups=300),
]
BETWEEN = [  # all taps fall beside the only column
    sized((1, 3, 1, 20), (20, 3, 3, 1), stride=(1, 2), padding=(1, 1, 5, 5), dilation=(1, 2), groups=20),
]


@cpu_only
class TestBands(ConvolutionTests):
    float32_bound = 4e-6  # sums of up to 600 terms
    cases = IN_PLACE + COLUMNS + DEPTHWISE + BETWEEN

    def chosen(self):
        return convolution("direct")

    def run(self, case, arrays):
        with self.chosen():
            return super().run(case, arrays)


@cpu_only
@pytest.mark.parametrize(
    "case, dtype",
    [(case, dtype) for case in IN_PLACE + DEPTHWISE for dtype in ("float32", "float64")]
    + [(case, "float32") for case in COLUMNS],  # float64 copies the padding
    ids=str,
)
def test_weights_of_taps_outside_the_image_are_not_looked_at(case, dtype):
    """The upper left tap of the first output lies outside."""
    x, weight = tensor(case.arrays["x"].astype(dtype)), kernel_order(case.arrays["weight"].shape, dtype)
    values = np.zeros(weight.shape, dtype)
    values[:, 0, 0] = np.inf
    weight.copy_from(values)
    with convolution("direct"):
        y = _core.conv2d_forward(x, weight, None, case.settings.conv(), _core.Activation("identity")).numpy()
    assert np.all(y[:, 0, 0] == 0) and not np.isfinite(y[:, -1, -1]).all()


@cpu_only
@pytest.mark.parametrize(
    "filters, groups, stride, padding",
    [(64, 1, 1, 1), (64, 4, 1, 1), (64, 64, 1, 1), (64, 64, 2, 1), (64, 4, 2, 0), (4, 2, 1, 0), (3, 1, 2, 0)],
)
def test_images_that_no_cache_holds(filters, groups, stride, padding):
    """What is asked for ahead lies partly beyond the last row: the outputs of each image alone, whose memory
    is small enough to do without."""
    side = 150
    x = np.float32(normal(2, side, side, 64))
    weight = np.float32(normal(filters, 3, 3, 64 // groups, seed=2))
    settings = _core.Conv2d((stride, stride), (padding,) * 4, (1, 1), groups)

    def forward(x):
        with convolution("direct"):
            return _core.conv2d_forward(
                tensor(x), tensor(weight), None, settings, _core.Activation("relu")
            ).numpy()

    assert x.nbytes > 8 << 20 > x[0].nbytes
    assert np.allclose(forward(x), np.concatenate([forward(x[:1]), forward(x[1:])]), rtol=1e-5, atol=1e-5)
