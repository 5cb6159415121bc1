"""Gradient of a convolution's weights, tap by tap: padding is left out, not copied."""

from convolutions import DirectTests, sized
from harness import cpu_only


@cpu_only
class TestTapByTap(DirectTests):
    float32_bound = 3e-6
    leaves_padding_out = True
    cases = [
        # small images together, taps that see nothing
        sized((9, 4, 4, 40), (20, 7, 7, 40), padding=(3, 3, 3, 3)),
        sized((2, 3, 4, 30), (36, 9, 11, 30), padding=(4, 5, 5, 5), activation="relu"),
        # lanes along the channels of a tap
        sized((3, 21, 20, 66), (10, 5, 5, 33), groups=2, stride=(3, 2), padding=(2, 2, 2, 1)),
        sized((2, 17, 16, 40), (2, 5, 3, 40), stride=(2, 1), padding=(2, 2, 1, 1)),
    ]
