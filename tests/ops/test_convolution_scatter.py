"""Convolutions whose gradient of the input adds up products that were computed side by side."""

from convolutions import ConvolutionTests, sized
from harness import cpu_only

# Taps of few channels that lie apart, for their dilation or because groups lie between them; strides that
# leave pixels out, or let taps of different rows meet; numbers of channels that are no multiple of four.
APART = [
    sized((2, 13, 22, 2), (40, 5, 5, 2), stride=(4, 4), padding=(4, 4, 4, 4), dilation=(2, 2)),
    sized((1, 12, 11, 1), (70, 3, 7, 1), stride=(1, 2), padding=(2, 1, 3, 5), dilation=(3, 3)),
    sized((2, 10, 9, 18), (60, 3, 3, 9), stride=(2, 1), padding=(1, 1, 0, 0), groups=2, activation="relu"),
    sized((1, 5, 24, 18), (60, 2, 11, 9), padding=(0, 1, 10, 10), dilation=(1, 2), groups=2),
]


@cpu_only
class TestApart(ConvolutionTests):
    float32_bound = 4e-6  # sums of up to 500 terms
    cases = APART
