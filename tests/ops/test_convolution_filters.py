"""Convolutions of few filters to a group, whose sums run along the lanes."""

from convolutions import ConvolutionTests, sized

CASES = [
    *(sized((2, 9, 31, 23), (n, 3, 3, 23), stride=(2, 1), activation="relu") for n in (*range(1, 9), 13)),
    sized((1, 7, 3, 40), (1, 2, 2, 40), dilation=(3, 1)),  # fewer pixels than a tile has rows
    sized((2, 12, 40, 60), (6, 3, 2, 20), groups=3, padding=(1, 1, 0, 1), activation="tanh"),
    sized((2, 40, 40, 36), (4, 3, 3, 18), groups=2, dilation=(2, 2), activation="leaky_relu"),
    sized((9, 30, 30, 33), (2, 5, 5, 33), stride=(3, 3), padding=(2, 2, 2, 2)),
]


class TestFewFilters(ConvolutionTests):
    cases = CASES
