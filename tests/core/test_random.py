"""Random numbers: Philox's published vectors, the same numbers in numpy, distributions, any place alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from strate import _core

WORD = np.uint64(0xFFFFFFFF)


def philox4x32(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Ten rounds of Philox4x32 (Salmon et al. 2011) on the rows of `counter`, (n, 4) words."""
    c = [counter[:, i].astype(np.uint64) for i in range(4)]
    k = [np.uint64(word) for word in key]
    for _ in range(10):
        low, high = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        over, under = high >> np.uint64(32), low >> np.uint64(32)
        c = [over ^ c[1] ^ k[0], high & WORD, under ^ c[3] ^ k[1], low & WORD]
        k = [(k[0] + np.uint64(0x9E3779B9)) & WORD, (k[1] + np.uint64(0xBB67AE85)) & WORD]
    return np.stack(c, axis=1).astype(np.uint32)


# kat_vectors of the Random123 distribution: philox4x32 10.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((WORD,) * 4, (WORD, WORD), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_the_reference_gives_the_published_vectors(counter, key, expected):
    assert tuple(philox4x32(np.array([counter], np.uint32), key)[0]) == expected


def words(n: int, seed: int, stream: int) -> np.ndarray:
    counter = np.empty((n, 4), np.uint32)
    counter[:, 0], counter[:, 1] = np.arange(n), 0
    counter[:, 2], counter[:, 3] = stream & 0xFFFFFFFF, stream >> 32
    return philox4x32(counter, (seed & 0xFFFFFFFF, seed >> 32)).astype(np.uint64)


def reference_uniform(n: int, seed: int, stream: int) -> np.ndarray:
    w = words(n, seed, stream)
    return (((w[:, 0] << np.uint64(32) | w[:, 1]) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def uniform(n, seed=0, stream=0, low=0.0, high=1.0, dtype="float64"):
    out = _core.empty(n, dtype)
    _core.uniform(out, low, high, seed, stream)
    return out.numpy()


def normal(n, seed=0, stream=0, mean=0.0, deviation=1.0, dtype="float64"):
    out = _core.empty(n, dtype)
    _core.normal(out, mean, deviation, seed, stream)
    return out.numpy()


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 0x299F31D0A4093822, 2**64 - 1])
@pytest.mark.parametrize("stream", [0, 7, 2**40 + 3, 2**64 - 1])
def test_uniform_is_philox_bit_for_bit(seed, stream):
    np.testing.assert_array_equal(uniform(1000, seed, stream), reference_uniform(1000, seed, stream))


def test_the_first_published_vector_comes_out():
    bits = (0x6627E8D5 << 32 | 0xE169C58D) >> 11
    assert uniform(1)[0] == (bits + 0.5) * 2.0**-53


def test_a_number_depends_on_its_place_alone():
    long = uniform(1000, 3, 4)
    np.testing.assert_array_equal(uniform(10, 3, 4), long[:10])
    np.testing.assert_array_equal(uniform((10, 100), 3, 4), long.reshape(10, 100))
    strided = _core.zeros((100, 10), "float64").transpose((1, 0))
    _core.uniform(strided, 0, 1, 3, 4)
    np.testing.assert_array_equal(strided.numpy(), long.reshape(10, 100))
    np.testing.assert_array_equal(uniform(1000, 3, 4, dtype="float32"), long.astype("f4"))


@given(some.floats(-1e6, 1e6), some.floats(0, 1e6), some.integers(0, 2**64 - 1))
def test_uniform_stays_inside(low, width, seed):
    for dtype in ("float32", "float64"):
        bounds = np.array([low, low + width], dtype)
        drawn = uniform(200, seed, 0, float(bounds[0]), float(bounds[1]), dtype)
        assert (drawn >= bounds[0]).all()
        assert (drawn < bounds[1]).all() or bounds[0] == bounds[1]


def test_uniform_of_float32_never_rounds_up_to_the_bound():
    drawn = uniform(1 << 18, 5, dtype="float32")
    assert drawn.max() < 1 and drawn.min() >= 0
    near = uniform(1000, 5, low=1.0, high=float(np.nextafter(np.float32(1), np.float32(2))), dtype="float32")
    assert (near == 1).all()


def test_uniform_is_uniform():
    n = 200_000
    drawn = uniform(n, 11)
    counts = np.histogram(drawn, 100, (0, 1))[0]
    assert ((counts - n / 100) ** 2 / (n / 100)).sum() < 148  # chi squared, 99 degrees, 1 in 1000
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments_of_normal(dtype):
    n = 400_000
    z = normal(n, 21, 2, dtype=dtype).astype("f8")
    for power, moment in [(1, 0), (2, 1), (3, 0), (4, 3), (6, 15)]:
        spread = np.std(z**power) / np.sqrt(n)
        assert abs(np.mean(z**power) - moment) < 4 * spread, power
    shifted = normal(n, 21, 2, 5.0, 0.25, dtype).astype("f8")
    np.testing.assert_allclose(shifted, 5 + 0.25 * z, rtol=1e-6)


def test_normal_quantiles():
    z = np.sort(normal(400_000, 1))
    for p, quantile in [(0.00135, -3), (0.15866, -1), (0.5, 0), (0.84134, 1), (0.97725, 2), (0.99865, 3)]:
        assert abs(z[int(p * z.size)] - quantile) < 0.03


def test_normal_inverts_the_distribution_function():
    from math import erfc, sqrt

    u, z = uniform(2000, 9, 1), normal(2000, 9, 1)
    for p, value in zip(u, z, strict=True):
        assert abs(0.5 * erfc(-value / sqrt(2)) - p) < 1e-14 + 1e-13 * p


def test_streams_and_seeds_differ():
    drawn = [uniform(1000, seed, stream) for seed in (0, 1, 2**32) for stream in (0, 1, 2**32)]
    for i, first in enumerate(drawn):
        for second in drawn[:i]:
            assert abs(np.corrcoef(first, second)[0, 1]) < 0.15
            assert not np.isin(first, second).any()


@given(some.integers(0, 500), some.integers(0, 2**64 - 1), some.integers(0, 2**64 - 1))
def test_permutation_is_one(n, seed, stream):
    order = _core.permutation(n, seed, stream)
    assert order.dtype == "int64"
    assert sorted(order.tolist()) == list(range(n))
    assert order.tolist() == _core.permutation(n, seed, stream).tolist()


def test_every_order_is_equally_likely():
    n = 24_000
    counts = {}
    for seed in range(n):
        order = tuple(_core.permutation(4, seed, 0).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    assert sum((count - n / 24) ** 2 / (n / 24) for count in counts.values()) < 49.8  # 23 degrees, 1 in 1000


def test_the_same_numbers_for_any_number_of_threads():
    before = _core.num_threads()
    drawn = []
    try:
        for threads in (1, 2, 3, 7, 64):
            _core.set_num_threads(threads)
            order = _core.permutation(50_000, 1, 0).numpy()
            drawn.append([a.tobytes() for a in (uniform(50_000, 1), normal(50_000, 1), order)])
    finally:
        _core.set_num_threads(before)
    assert all(one == drawn[0] for one in drawn)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: uniform(2, low=1, high=0), ValueError, "low <= high, both finite; got low=1, high=0"),
        (lambda: uniform(2, high=np.inf), ValueError, r"\[uniform\]"),
        (lambda: uniform(2, low=np.nan), ValueError, r"\[uniform\]"),
        (lambda: normal(2, deviation=-1), ValueError, r"\[normal\] .* got mean=0, deviation=-1"),
        (lambda: normal(2, mean=np.nan), ValueError, r"\[normal\]"),
        (lambda: uniform(2, dtype="int64"), TypeError, r"\[uniform\] fills float32 or float64; got int64"),
        (lambda: _core.permutation(-1, 0, 0), ValueError, r"\[permutation\] n is 0 or more; got -1"),
        (lambda: uniform(2, seed=-1), TypeError, "incompatible function arguments"),
        (lambda: uniform(2, seed=2**64), TypeError, "incompatible function arguments"),
        (lambda: uniform(2, seed=1.5), TypeError, "incompatible function arguments"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_nothing_to_fill():
    assert uniform(0).size == 0 and normal((3, 0)).size == 0 and _core.permutation(0, 0, 0).shape == (0,)
