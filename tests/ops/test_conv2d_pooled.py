"""Convolution with max-pooling behind it, in one pass or in two."""

import numpy as np
import pytest

from convolutions import Settings
from harness import normal, tensor, threads
from strate import _core

identity = _core.Activation("identity")


# Image, weights, convolution, pooling: all ways to compute it.
POOLED = [
    ((5, 28, 28, 1), (6, 5, 5, 1), {"padding": (2, 2, 2, 2)}, ((2, 2), (2, 2))),
    ((3, 14, 14, 6), (16, 5, 5, 6), {}, ((2, 2), (2, 2))),
    ((1, 61, 47, 3), (40, 3, 3, 3), {"stride": (2, 2)}, ((3, 3), (3, 3))),
    ((2, 33, 35, 4), (24, 3, 3, 4), {"dilation": (2, 1)}, ((2, 3), (3, 2))),
    ((2, 31, 30, 8), (8, 3, 3, 1), {"groups": 8}, ((4, 2), (4, 1))),
    ((1, 200, 150, 5), (7, 3, 3, 5), {"padding": (1, 0, 2, 1)}, ((5, 2), (5, 2))),
    ((1, 12, 12, 9), (260, 3, 3, 9), {}, ((2, 2), (2, 2))),  # filters in parts
    ((2, 16, 16, 16), (16, 3, 3, 16), {"padding": (1, 1, 1, 1)}, ((2, 2), (2, 2))),  # Winograd's
    ((4, 9, 9, 7), (5, 1, 1, 7), {}, ((2, 2), (2, 2))),  # a product
    ((2, 20, 20, 2), (3, 3, 3, 2), {}, ((3, 3), (2, 2))),  # windows that overlap
    ((1, 40, 40, 2), (3, 3, 3, 2), {}, ((17, 17), (17, 17))),  # four bytes a place
    ((0, 20, 20, 2), (3, 3, 3, 2), {}, ((2, 2), (2, 2))),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("x", "weight", "settings", "window"), POOLED)
@pytest.mark.parametrize("ceil", [False, True])
def test_pooled_in_the_same_pass_the_same_bits(x, weight, settings, window, ceil, dtype):
    chosen = Settings(**settings)
    x, bias = normal(*x, seed=1).astype(dtype), normal(weight[0], seed=3).astype(dtype)
    weight = normal(*weight, seed=2).astype(dtype)
    if x.size:
        x[0, 7, 7] = np.nan
    pool = _core.Pool2d(*window, ceil=ceil)
    for kind in ("relu", "tanh"):
        given = tensor(x), tensor(weight), tensor(bias), chosen.conv(), _core.Activation(kind, 0.01)
        z, argmax = _core.max_pool2d_forward(_core.conv2d_forward(*given), pool, True)
        for count in (1, 3):
            with threads(count):
                found, places = _core.conv2d_pooled_forward(*given, pool, True)
                alone, nothing = _core.conv2d_pooled_forward(*given, pool, False)
            assert found.numpy().tobytes() == alone.numpy().tobytes() == z.numpy().tobytes()
            assert places.numpy().tobytes() == argmax.numpy().tobytes() and nothing is None
            assert (found.shape, places.dtype) == (z.shape, argmax.dtype)


def test_pooled_refuses_what_does_not_fit():
    x, weight = tensor(normal(1, 8, 8, 2)), tensor(normal(3, 3, 3, 2))
    with pytest.raises(ValueError, match=r"bias is \(3,\)"):
        _core.conv2d_pooled_forward(
            x, weight, tensor(normal(4)), _core.Conv2d(), identity, _core.Pool2d((2, 2), (2, 2)), True
        )
    with pytest.raises(ValueError, match="window"):
        _core.conv2d_pooled_forward(
            x, weight, None, _core.Conv2d(), identity, _core.Pool2d((9, 9), (2, 2)), True
        )
