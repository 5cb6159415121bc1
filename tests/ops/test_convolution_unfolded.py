"""Convolutions with few outputs and many weights: what each output sees is copied into a row of a product."""

import pytest

from convolutions import ConvolutionTests, sized
from harness import cpu_only
from strate import _core

# Padding, strides and dilation; fewer rows, and more, than one pass over the weights takes.
LARGE = [
    sized((2, 7, 6, 120), (300, 4, 4, 120), stride=(2, 3), padding=(1, 0, 2, 1), activation="relu"),
    sized((1, 9, 6, 260), (510, 2, 2, 260), dilation=(3, 2), padding=(0, 0, 1, 1), activation="sigmoid"),
]


@cpu_only
class TestUnfolded(ConvolutionTests):
    float32_bound = 6e-6  # sums of up to 3 900 terms
    cases = LARGE


@cpu_only
@pytest.mark.parametrize("case", LARGE, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_few_outputs_of_large_weights_are_unfolded(case, dtype):
    x, weight = case.arrays["x"], case.arrays["weight"]
    assert _core.conv2d_algorithm(x.shape, weight.shape, case.settings.conv(), dtype) == "direct, unfolded"


@cpu_only
def test_many_outputs_small_weights_and_groups_are_not():
    def algorithm(x, weight, groups=1):
        return _core.conv2d_algorithm(
            x, weight, _core.Conv2d((1, 1), (2, 2, 2, 2), (1, 1), groups), "float32"
        )

    assert algorithm((1, 2, 2, 512), (512, 5, 5, 512)) == "direct, unfolded"
    assert algorithm((9, 4, 4, 512), (512, 5, 5, 512)) != "direct, unfolded"
    assert algorithm((1, 2, 2, 100), (100, 5, 5, 100)) != "direct, unfolded"
    assert algorithm((1, 2, 2, 512), (512, 5, 5, 256), 2) != "direct, unfolded"
