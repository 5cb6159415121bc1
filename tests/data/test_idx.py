"""The IDX reader: good files give their values, all others a ValueError that names the file."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from strate.data.idx import DTYPES, MAX_RANK, read_idx


def idx_bytes(values: np.ndarray) -> bytes:
    code = next(c for c, d in DTYPES.items() if np.dtype(d).newbyteorder("=") == values.dtype)
    sizes = b"".join(n.to_bytes(4, "big") for n in values.shape)
    return bytes([0, 0, code, values.ndim]) + sizes + values.astype(DTYPES[code]).tobytes()


def write(folder: Path, content: bytes, name: str = "file.idx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(path: Path, message: str, **limits):
    with pytest.raises(ValueError, match=message) as error:
        read_idx(path, **limits)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("code", DTYPES)
@pytest.mark.parametrize("shape", [(0,), (5,), (0, 28, 28), (2, 3, 4), (1,) * MAX_RANK])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_type_and_rank_compressed_or_not(tmp_path, code, shape, pack):
    dtype = np.dtype(DTYPES[code]).newbyteorder("=")
    values = (np.arange(np.prod(shape)) * 3).astype(dtype).reshape(shape)
    read = read_idx(write(tmp_path, pack(idx_bytes(values))))
    assert read.dtype == dtype and read.dtype.isnative and read.flags.writeable
    assert read.shape == shape and np.array_equal(read, values)


GOOD = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "truncated inside its header"),
        (GOOD[:3], "truncated inside its header"),
        (GOOD[:15], "truncated inside its header"),
        (GOOD[:-1], "can hold at most 23"),
        (GOOD + b"\0", "bytes left over"),
        (b"\x01" + GOOD[1:], "not an IDX file; its first four bytes are 01 00 08 03"),
        (b"\0\0\x0a\x01" + GOOD[4:], "not an IDX file"),
        (b"\0\0\x08\x00", "1 to 8 axes; got 0"),
        (b"\0\0\x08\x09" + b"\0" * 36, "1 to 8 axes; got 9"),
        (b"\0\0\x08\xff" + b"\xff" * 1020, "1 to 8 axes; got 255"),
        (b"PNG not IDX at all", "not an IDX file"),
    ],
)
def test_wrong_files(tmp_path, content, message):
    refused(write(tmp_path, content), message)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("rank", [1, 3, 8])
def test_sizes_beyond_the_file_are_refused_before_anything_is_allocated(tmp_path, pack, rank):
    """8 axes of 2^32 - 1 are 2^256 values: the product must not wrap around 64 bits."""
    path = write(tmp_path, pack(bytes([0, 0, 0x0E, rank]) + b"\xff" * 4 * rank + b"\0" * 64))
    tracemalloc.start()
    refused(path, "limit|hold at most")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_product_that_is_zero_modulo_2_to_the_64(tmp_path):
    path = write(tmp_path, bytes([0, 0, 8, 4]) + b"\x00\x01\x00\x00" * 4)
    refused(path, "65536x65536x65536x65536 values of uint8; the limit is 4294967296 bytes")


def test_a_gzip_bomb_is_refused_by_its_header(tmp_path):
    bomb = gzip.compress(bytes([0, 0, 8, 1, 0x40, 0, 0, 0]) + b"\0" * (1 << 20))
    refused(write(tmp_path, bomb), "can hold at most")


def test_a_gzip_bomb_behind_an_honest_header_is_not_unpacked(tmp_path):
    path = write(tmp_path, gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 4]) + b"\0" * (1 << 26)))
    tracemalloc.start()
    refused(path, "bytes left over")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_the_limit_can_be_lowered(tmp_path):
    path = write(tmp_path, GOOD)
    assert read_idx(path, max_bytes=24).nbytes == 24
    refused(path, "the limit is 23 bytes", max_bytes=23)


@pytest.mark.parametrize("cut", [1, 4, 9, 15, 20])
def test_truncated_gzip(tmp_path, cut):
    packed = gzip.compress(GOOD)
    refused(write(tmp_path, packed[:-cut]), "damaged gzip data")


def test_gzip_with_a_wrong_checksum_or_something_behind_it(tmp_path):
    packed = bytearray(gzip.compress(GOOD))
    refused(write(tmp_path, bytes(packed) + b"more"), "damaged gzip data|left over")
    packed[-6] ^= 1
    refused(write(tmp_path, bytes(packed)), "damaged gzip data")


def test_folders_pipes_and_missing_files(tmp_path):
    refused(tmp_path, "not a regular file")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused(tmp_path / "pipe", "not a regular file")
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing")


@settings(max_examples=150)
@given(values=arrays.arrays(np.uint8, arrays.array_shapes(max_dims=4, max_side=7)), packed=some.booleans())
def test_what_is_written_is_read(tmp_path_factory, values, packed):
    content = idx_bytes(values)
    path = write(tmp_path_factory.getbasetemp(), gzip.compress(content) if packed else content)
    assert np.array_equal(read_idx(path), values)


@settings(max_examples=400)
@given(
    flips=some.lists(some.tuples(some.integers(0, 10**6), some.integers(1, 255)), max_size=3),
    end=some.integers(0, 60) | some.none(),
    packed=some.booleans(),
)
def test_damage_gives_a_value_error_or_an_array_that_fits(tmp_path_factory, flips, end, packed):
    content = bytearray(gzip.compress(GOOD) if packed else GOOD)
    for place, change in flips:
        content[place % len(content)] ^= change
    path = write(tmp_path_factory.getbasetemp(), bytes(content[:end]))
    try:
        values = read_idx(path)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert values.nbytes <= 24
        if packed or (not flips and (end is None or end >= len(GOOD))):
            assert values.tobytes() == GOOD[16:]  # gzip's checksum stands for the content
