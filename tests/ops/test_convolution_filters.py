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


# Small groups: their weights' gradient is computed of several together, as many as divide them.
GROUPS = [
    sized((2, 9, 8, 12), (6, 3, 3, 2), groups=6, padding=(1, 1, 1, 1), activation="relu"),
    sized((3, 7, 9, 10), (30, 2, 3, 2), groups=5, stride=(2, 1)),
    sized((1, 8, 8, 28), (49, 2, 2, 4), groups=7, dilation=(2, 1), activation="tanh"),
    sized((2, 8, 8, 64), (64, 3, 3, 4), groups=16, padding=(1, 1, 1, 1)),
]


class TestSmallGroups(ConvolutionTests):
    cases = GROUPS
