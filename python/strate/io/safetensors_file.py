"""Named arrays and text in one `.safetensors` file.

Reading checks the whole header first (safetensors_header.py), then hands the bytes to the `safetensors`
package. Writing is our own: the package puts metadata in another order on every run, and the same model must
give the same file; so arrays also go to the disk one by one, without a second copy of the model in memory.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import BinaryIO

import numpy as np

from strate.io.architecture import check_json
from strate.io.atomic import replacing
from strate.io.safetensors_header import (
    DTYPES,
    JSON_LIMITS,
    MAX_HEADER_BYTES,
    MAX_RANK,
    MAX_TENSORS,
    METADATA,
    Header,
    check_header_length,
    parse_header,
)

CODES = {name: code for code, name in DTYPES.items()}


def write(path: str | os.PathLike[str], tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Writes arrays and text, replacing the file whole or not at all.

    Args:
        path: the file; written under a temporary name in its folder, synced, renamed.
        tensors: arrays by name; any strides and byte order, written contiguous and little-endian.
        metadata: text by name.
    Raises:
        TypeError: a name or text that is not str, or a dtype that the format lacks.
        ValueError: more than the limits that `read` keeps.
        OSError: the disk is full, the folder does not exist; an older file is still there.
    """
    tensors = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    # Widest first, as the package does: every array then starts on a multiple of its item size.
    ordered = dict(sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize))
    header = _header(ordered, metadata)
    with replacing(path) as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for tensor in ordered.values():
            little = tensor.astype(tensor.dtype.newbyteorder("<"), order="C", copy=False)
            file.write(little.reshape(-1).view(np.uint8))


def read(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Reads all arrays and the text of a file.

    Returns:
        Writable arrays by name, in the order of the file, and the text by name.
    Raises:
        ValueError: the file is not safetensors, is damaged, truncated or beyond the limits.
        OSError: the file cannot be opened.
    """
    path = Path(path)
    with _open(path) as file:
        header = _read_header(file, path)
        file.seek(0)
        content = file.read(header.data_end)
    if len(content) != header.data_end:
        raise ValueError(f"{path}: became shorter while it was read")
    import safetensors
    import safetensors.numpy

    try:
        tensors = safetensors.numpy.load(content)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path}: {error}") from error
    return {name: tensors[name] for name in header.tensors}, header.metadata


def read_header(path: str | os.PathLike[str]) -> Header:
    """What a file holds, by its checked header alone: nothing of the data is read.

    Raises:
        ValueError, OSError: as `read`.
    """
    path = Path(path)
    with _open(path) as file:
        return _read_header(file, path)


def _open(path: Path) -> BinaryIO:
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait, reading a device would not end
        raise ValueError(f"{path}: not a regular file")
    return open(path, "rb")


def _read_header(file: BinaryIO, path: Path) -> Header:
    file_bytes = os.fstat(file.fileno()).st_size
    try:
        prefix = file.read(8)
        if len(prefix) < 8:
            raise ValueError(f"not a safetensors file: only {len(prefix)} bytes")
        length = int.from_bytes(prefix, "little")
        check_header_length(length, file_bytes)
        return parse_header(file.read(length), file_bytes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _header(tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    for name, text in metadata.items():
        if type(name) is not str or type(text) is not str:
            raise TypeError(f"[write] metadata is text by name; got {name!r}: {type(text).__name__}")
    entries: dict[str, object] = {METADATA: metadata} if metadata else {}
    begin = 0
    for name, tensor in tensors.items():
        _check_tensor(name, tensor)
        end = begin + tensor.nbytes
        code = CODES[tensor.dtype.name]
        entries[name] = {"dtype": code, "shape": list(tensor.shape), "data_offsets": [begin, end]}
        begin = end
    check_json(entries, JSON_LIMITS, "[write] header")
    header = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # the data start on a multiple of 8
    if len(header) > MAX_HEADER_BYTES or len(tensors) > MAX_TENSORS:
        raise ValueError(
            f"[write] at most {MAX_TENSORS} tensors and {MAX_HEADER_BYTES} bytes of names and metadata; "
            f"got {len(tensors)} and {len(header)}"
        )
    return header


def _check_tensor(name: str, tensor: np.ndarray) -> None:
    if type(name) is not str or name == METADATA:
        raise TypeError(f"[write] a tensor's name is text other than {METADATA!r}; got {name!r}")
    if tensor.dtype.name not in CODES:
        raise TypeError(f"[write] tensor {name!r}: dtype is one of {', '.join(CODES)}; got {tensor.dtype}")
    if tensor.ndim > MAX_RANK:
        raise ValueError(f"[write] tensor {name!r}: at most {MAX_RANK} axes; got {tensor.ndim}")
