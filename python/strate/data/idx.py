"""IDX, the format of MNIST's files: two zero bytes, a type code, the rank, big-endian sizes, then the values.

Every field is checked before memory is asked for: a file is refused if its header promises more values than
the file (or, compressed, DEFLATE's best ratio) could hold, and if it holds fewer or more than promised.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_RANK = 8
MAX_BYTES = 1 << 32
GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_RATIO = 1032  # no DEFLATE stream expands further: 258 bytes from two bits
CHUNK = 1 << 20


def read_idx(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """Reads an IDX file, gzip-compressed or not (told by its first bytes, not by its name).

    Args:
        path: the file.
        max_bytes: the largest array that may be allocated, in bytes. Default: 4 GiB.
    Returns:
        A writable array of the file's shape, in the machine's byte order.
    Raises:
        ValueError: the file is not IDX, damaged, truncated, larger than allowed, or has bytes left over.
        OSError: the file cannot be opened.
    """
    path = Path(path)
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path}: not a regular file")
    with open(path, "rb") as file:
        compressed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        if not compressed:
            return _read(file, path, status.st_size, max_bytes)
        try:
            with gzip.GzipFile(fileobj=file) as stream:
                return _read(stream, path, status.st_size * DEFLATE_RATIO, max_bytes)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: damaged gzip data ({error})") from error


def _read(stream: BinaryIO, path: Path, available: int, max_bytes: int) -> np.ndarray:
    dtype, shape, header_bytes = _read_header(stream, path)
    data_bytes = math.prod(shape) * dtype.itemsize
    if data_bytes > max_bytes:
        raise ValueError(f"{path}: {_sizes(shape)} values of {dtype.name}; the limit is {max_bytes} bytes")
    if header_bytes + data_bytes > available:
        raise ValueError(
            f"{path}: truncated, or its header is wrong; {_sizes(shape)} values of {dtype.name} are "
            f"{data_bytes} bytes, and the file can hold at most {max(0, available - header_bytes)}"
        )
    values = np.empty(shape, dtype)
    _fill(stream, path, values)
    if stream.read(1):
        raise ValueError(f"{path}: bytes left over after {_sizes(shape)} values of {dtype.name}")
    return values.astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream: BinaryIO, path: Path) -> tuple[np.dtype, tuple[int, ...], int]:
    magic = _read_exactly(stream, path, 4)
    zeros, code, rank = magic[:2], magic[2], magic[3]
    if zeros != b"\0\0" or code not in DTYPES:
        raise ValueError(f"{path}: not an IDX file; its first four bytes are {magic.hex(' ')}")
    if not 1 <= rank <= MAX_RANK:
        raise ValueError(f"{path}: an IDX array has 1 to {MAX_RANK} axes; got {rank}")
    sizes = _read_exactly(stream, path, 4 * rank)
    shape = tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, 4 * rank, 4))
    return np.dtype(DTYPES[code]), shape, 4 + 4 * rank


def _read_exactly(stream: BinaryIO, path: Path, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise ValueError(f"{path}: truncated inside its header")
    return data


def _fill(stream: BinaryIO, path: Path, values: np.ndarray) -> None:
    """Reads in pieces straight into the array, so that damage is met before much memory is touched."""
    view = memoryview(values.reshape(-1).view(np.uint8))
    done = 0
    while done < len(view):
        count = stream.readinto(view[done : done + CHUNK])  # type: ignore[attr-defined]
        if not count:
            raise ValueError(f"{path}: truncated; {len(view)} bytes of values expected, {done} found")
        done += count


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
