"""The allocator: blocks are reused, aligned, counted, given back; a size that cannot be had loses nothing."""

from __future__ import annotations

import gc
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from strate import _core

MIB = 1 << 20


@pytest.fixture
def quiet():
    """Nothing left over from before, so that numbers of bytes can be compared."""
    gc.collect()
    _core.release_memory()
    _core.reset_peak()


def address(tensor) -> int:
    return tensor.numpy().ctypes.data


@given(some.integers(0, 3 * MIB))
def test_every_block_is_aligned(size):
    assert address(_core.empty(size, "uint8")) % 64 == 0


def test_large_blocks_are_aligned_to_huge_pages():
    assert address(_core.empty(5 * MIB, "uint8")) % (2 * MIB) == 0


def test_a_block_of_the_same_size_is_used_again(quiet, caching):
    first = _core.empty((1000, 1000))
    where = address(first)
    del first
    held = _core.memory()["held"]
    assert address(_core.empty((1000, 1000))) == where
    assert _core.memory()["held"] == held


def test_two_tensors_never_share_a_block():
    tensors = [_core.full(1000, i) for i in range(50)]
    del tensors[::2]
    tensors += [_core.full(1000, i) for i in range(100, 125)]
    assert [t[999].item() for t in tensors] == [*range(1, 50, 2), *range(100, 125)]
    assert len({address(t) for t in tensors}) == len(tensors)


def test_views_keep_the_block():
    tensor = _core.full((10, 1000), 3)
    view = tensor[5]
    del tensor
    other = _core.full((10, 1000), 4)
    assert view.tolist() == [3] * 1000 and other[5, 0].item() == 4


def test_used_and_peak_follow_the_tensors(quiet):
    before = _core.memory()
    tensor = _core.empty(4 * MIB, "uint8")
    during = _core.memory()
    assert during["used"] - before["used"] >= 4 * MIB
    del tensor
    after = _core.memory()
    assert after["used"] == before["used"]
    assert after["peak"] == during["peak"] >= during["used"]
    _core.reset_peak()
    assert _core.memory()["peak"] == after["used"]


@given(some.lists(some.integers(1, 1 << 18), max_size=20))
def test_rounding_wastes_at_most_an_eighth(sizes):
    before = _core.memory()["used"]
    tensors = [_core.empty(size, "uint8") for size in sizes]
    taken = _core.memory()["used"] - before
    assert sum(sizes) <= taken <= sum(max(size + 63, size * 9 / 8) for size in sizes)
    del tensors


def test_release_memory_gives_unused_blocks_back(quiet, caching):
    kept = _core.empty(MIB, "uint8")
    unused = _core.empty(8 * MIB, "uint8")
    del unused
    full = _core.memory()
    assert full["held"] - full["used"] >= 8 * MIB
    _core.release_memory()
    empty = _core.memory()
    assert empty["held"] == empty["used"] == full["used"]
    kept.fill(1)
    assert kept[MIB - 1].item() == 1


def test_memory_returns_to_the_system(caching, run_python):
    out = run_python(
        """
import numpy
from strate import _core

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

start = resident()
tensor = _core.full(1 << 28, 1, "uint8")
full = resident()
del tensor
cached = resident()
_core.release_memory()
print(full - start > 200 << 20, cached - start > 200 << 20, resident() - start < 50 << 20)
"""
    )
    assert out == "True True True"


@pytest.mark.parametrize("size", [1 << 47, 1 << 55, 1 << 60])
def test_a_size_that_cannot_be_had(quiet, size):
    kept = _core.full(1000, 7)
    before = _core.memory()
    with pytest.raises(MemoryError, match=rf"out of memory: asked for {size} bytes, \d+ held, \d+ in use"):
        _core.empty(size, "uint8")
    assert _core.memory()["used"] == before["used"]
    assert kept.tolist() == [7] * 1000
    assert _core.full(1000, 8).tolist() == [8] * 1000


def test_unused_blocks_are_given_back_before_giving_up(quiet, caching):
    tensor = _core.empty(8 * MIB, "uint8")
    del tensor
    with pytest.raises(MemoryError) as failed:
        _core.empty(1 << 47, "uint8")
    held, used = map(int, re.search(r"(\d+) held, (\d+) in use", str(failed.value)).groups())
    assert held == used == _core.memory()["held"]


def test_new_blocks_start_without_the_nonfinite_flag():
    for _ in range(3):
        tensor = _core.full(100, 0)
        assert not _core.take_nonfinite(tensor)


def test_memory_shared_with_numpy_is_not_counted(quiet):
    before = _core.memory()["used"]
    tensor = _core.from_numpy(np.zeros(MIB))
    assert _core.memory()["used"] == before and tensor.size == MIB
