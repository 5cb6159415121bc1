"""Convolutions with few outputs to an image, whose pixels are taken of all images together."""

import pytest

from convolutions import ConvolutionTests, sized
from harness import cpu_only
from strate import _core

# Most taps see padding, or all of an output's do; strides, groups, few filters.
SMALL = [
    sized((13, 5, 5, 9), (20, 3, 3, 9), padding=(1, 1, 1, 1), dilation=(1, 2), activation="tanh"),
    sized((9, 4, 4, 5), (21, 7, 7, 5), padding=(9, 9, 9, 9), dilation=(3, 3)),
    sized((30, 9, 7, 3), (35, 5, 5, 3), stride=(4, 2), padding=(4, 4, 4, 4), dilation=(2, 2)),
    sized((16, 5, 6, 12), (18, 5, 5, 4), padding=(4, 4, 4, 4), groups=3, activation="sigmoid"),
    sized((5, 3, 3, 8), (6, 3, 3, 8), stride=(3, 3), padding=(9, 0, 0, 9)),
    sized((12, 5, 6, 7), (36, 3, 5, 7), padding=(1, 1, 2, 2), activation="sigmoid"),
    sized((7, 5, 5, 40), (3, 5, 5, 40), padding=(4, 4, 4, 4), dilation=(2, 2), activation="relu"),
    sized((5, 2, 2, 512), (80, 1, 2, 64), groups=8, padding=(0, 0, 2, 2), activation="tanh"),
]


def algorithm(case, dtype="float32"):
    return _core.conv2d_algorithm(
        case.arrays["x"].shape, case.arrays["weight"].shape, case.settings.conv(), dtype
    )


class TestSmallOutputs(ConvolutionTests):
    cases = SMALL


@cpu_only
@pytest.mark.parametrize("case", SMALL, ids=str)
def test_small_outputs_are_taken_of_all_images(case):
    assert algorithm(case) == "direct, pixels of all images"


@cpu_only
def test_long_rows_and_single_images_are_not():
    assert algorithm(sized((9, 30, 30, 33), (2, 5, 5, 33), stride=(3, 3), padding=(2, 2, 2, 2))) == "direct"
    assert algorithm(sized((1, 4, 4, 8), (20, 3, 3, 8), stride=(2, 2))) == "direct"
