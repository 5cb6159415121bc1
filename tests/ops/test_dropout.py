"""Dropout: its mask is a documented function of seed, counter, stream and place."""

import numpy as np
import pytest

from harness import Case, OpTests, isa, normal, rejects, results, tensor, threads
from strate import _core


def philox(key, index, stream):
    """Philox4x32-10 of one block, in plain Python (Salmon et al., SC 2011)."""
    low = 0xFFFFFFFF
    c, k = [index & low, index >> 32, stream & low, stream >> 32], [key & low, key >> 32]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & low, (p0 >> 32) ^ c[3] ^ k[1], p0 & low]
        k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
    return c


def kept(count, rate, seed, counter, stream):
    """The mask, element by element, as kernels/dropout.h states it."""
    threshold, mask = int(rate * 2**32), np.zeros(count, bool)
    for i in range(count):
        group, word, block = i // 64, i % 64 // 16, i % 16
        index = 1 << 63 | (16 * group + block)
        mask[i] = philox(seed & (2**64 - 1), index, (counter & 0xFFFFFFFF) << 32 | stream)[word] >= threshold
    return mask


def test_philox_of_the_test_is_the_published_one():
    # Known answers of the authors' library (kat_vectors): counter and key all zeros, all ones, digits of pi.
    assert philox(0, 0, 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    ones = 2**64 - 1
    assert philox(ones, ones, ones) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    assert philox(0x299F31D0A4093822, 0x85A308D3243F6A88, 0x0370734413198A2E) == [
        0xD16CFE09,
        0x94FDCCEB,
        0x5001E420,
        0x24126EA1,
    ]


class TestDropout(OpTests):
    parameters = ()
    gradients = {"x": "dx"}
    strided_inputs = ("x", "dy")
    float32_bound = 1e-7
    cases = [
        Case(name, {"x": normal(*shape), "dy": normal(*shape, seed=2)}, settings)
        for name, shape, settings in [
            ("one", (1,), (0.5, 1, 0, 0)),
            ("odd", (3, 5, 7), (0.25, 2**63 - 1, 2**31, 3)),
            ("group", (64,), (0.5, -5, 17, 2**32 - 1)),
            ("groups", (2, 97), (0.9, 12345, 2**40 + 3, 7)),
            ("blocks", (2, 1111), (0.75, 12345, 9, 7)),
            ("none-dropped", (33,), (0.0, 1, 1, 1)),
            ("empty", (0, 5), (0.5, 1, 1, 1)),
        ]
    ]

    def run(self, case, arrays):
        rate, seed, counter, stream = case.settings
        random = tensor(np.array([seed, counter]))
        y, saved = _core.dropout_forward(tensor(arrays["x"]), rate, random, stream)
        random[1] = counter ^ 1  # backward looks at what forward saved
        dx = _core.dropout_backward(tensor(arrays["dy"]), rate, saved, stream)
        return results(y=y, dx=dx, saved=saved)

    def oracle(self, case, arrays):
        rate, seed, counter, stream = case.settings
        mask = kept(arrays["x"].size, rate, seed, counter, stream).reshape(arrays["x"].shape)
        return {k: np.where(mask, arrays[v] / (1 - rate), 0) for k, v in (("y", "x"), ("dx", "dy"))}


def mask_of(count, rate, seed=1, counter=1, stream=0, dtype="float32"):
    x = tensor(np.ones(count, dtype))
    return _core.dropout_forward(x, rate, tensor(np.array([seed, counter])), stream)[0].numpy() != 0


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_share_of_dropped_elements(rate):
    n = 400_000
    dropped = n - mask_of(n, rate).sum()
    assert abs(dropped - rate * n) < 4 * np.sqrt(n * rate * (1 - rate))


def test_masks_of_other_seeds_counters_and_streams_are_unrelated():
    n = 100_000
    masks = [mask_of(n, 0.5), mask_of(n, 0.5, seed=2), mask_of(n, 0.5, counter=2), mask_of(n, 0.5, stream=1)]
    for i, a in enumerate(masks):
        for b in masks[:i]:
            assert abs((a == b).sum() - n / 2) < 4 * np.sqrt(n) / 2


def test_mask_is_the_same_on_every_instruction_set_type_and_number_of_threads():
    n = 300_001
    want = mask_of(n, 0.3)
    for instructions in _core.supported_isas():
        for count in (1, 2, 7):
            with isa(instructions), threads(count):
                assert np.array_equal(mask_of(n, 0.3), want)
                assert np.array_equal(mask_of(n, 0.3, dtype="float64"), want)


def test_mask_of_a_prefix_is_the_prefix_of_the_mask():
    assert np.array_equal(mask_of(1000, 0.5)[:77], mask_of(77, 0.5))


def test_a_kept_nan_stays_and_a_dropped_one_goes():
    x = np.full(1000, np.nan)
    y = _core.dropout_forward(tensor(x), 0.5, tensor(np.array([1, 1])), 0)[0].numpy()
    mask = mask_of(1000, 0.5)
    assert np.isnan(y[mask]).all() and (y[~mask] == 0).all()


def test_errors():
    x, random = tensor(np.zeros(3)), tensor(np.array([1, 2]))
    rejects(ValueError, r"0 <= rate < 1; got rate=1", lambda: _core.dropout_forward(x, 1.0, random, 0))
    rejects(ValueError, r"0 <= rate < 1; got rate=-0.5", lambda: _core.dropout_forward(x, -0.5, random, 0))
    rejects(
        ValueError, r"0 <= stream < 2\^32; got stream=-1", lambda: _core.dropout_forward(x, 0.5, random, -1)
    )
    rejects(
        TypeError,
        r"an int64 tensor of shape \(2,?\); got random=float64 \(2,?\)",
        lambda: _core.dropout_forward(x, 0.5, tensor(np.zeros(2)), 0),
    )
    rejects(
        TypeError,
        r"dy is float32 or float64; got dy=int64",
        lambda: _core.dropout_backward(random, 0.5, random, 0),
    )
