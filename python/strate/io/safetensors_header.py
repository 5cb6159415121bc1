"""The header of a safetensors file, checked before anything is believed.

The format: 8 bytes, little-endian, the length of the header; the header, JSON: for each tensor its dtype,
shape and the [begin, end) of its bytes, and "__metadata__", text by name; then the data, without gaps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from strate.io.architecture import Limits, parse_json, shorten

MAX_HEADER_BYTES = 16 << 20
MAX_TENSORS = 100_000
MAX_FILE_BYTES = 1 << 38
MAX_RANK = 32
MAX_SIZE = (1 << 63) - 1
JSON_LIMITS = Limits(characters=MAX_HEADER_BYTES, depth=4, values=1 << 22)
METADATA = "__metadata__"

DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
}
ITEM_BYTES = {"bool": 1, "float16": 2, "float32": 4, "float64": 8} | {
    f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True)
class TensorInfo:
    """What the header says of one tensor; `begin` and `end` count bytes from the start of the data."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """A checked header: tensors by name in the order of their data, metadata, the place of the data."""

    tensors: dict[str, TensorInfo]
    metadata: dict[str, str]
    data_begin: int
    data_end: int


def check_header_length(length: int, file_bytes: int) -> None:
    """Refuses a length beyond our limit or the file's end; to be asked before the header is read."""
    if file_bytes > MAX_FILE_BYTES:
        raise ValueError(f"{file_bytes} bytes; the limit is {MAX_FILE_BYTES}")
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"the header's length is {length} bytes; the limit is {MAX_HEADER_BYTES}")
    if 8 + length > file_bytes:
        raise ValueError(f"truncated: a header of {length} bytes in a file of {file_bytes}")


def parse_header(text: bytes, file_bytes: int) -> Header:
    """Parses and checks a header against the size of its file.

    Raises:
        ValueError: not JSON, wrong fields, too many tensors, or tensors that do not tile the data exactly.
    """
    try:
        entries = parse_json(text.decode("utf-8"), JSON_LIMITS, "header")
    except UnicodeDecodeError as error:
        raise ValueError(f"the header is not UTF-8: {error}") from error
    if type(entries) is not dict:
        raise ValueError(f"the header is an object; got {type(entries).__name__}")
    metadata = _check_metadata(entries.pop(METADATA, {}))
    if len(entries) > MAX_TENSORS:
        raise ValueError(f"{len(entries)} tensors; the limit is {MAX_TENSORS}")
    tensors = {name: _check_entry(name, entry) for name, entry in entries.items()}
    tensors = dict(sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)))
    data_begin = 8 + len(text)
    _check_tiling(tensors, file_bytes - data_begin)
    return Header(tensors, metadata, data_begin, file_bytes)


def _check_metadata(metadata: object) -> dict[str, str]:
    if type(metadata) is not dict or not all(type(value) is str for value in metadata.values()):
        raise ValueError(f"{METADATA} holds text by name, nothing else")
    return metadata


def _check_entry(name: str, entry: object) -> TensorInfo:
    if type(entry) is not dict or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {shorten(name)}: its fields are dtype, shape, data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if type(dtype) is not str or dtype not in DTYPES:
        raise ValueError(f"tensor {shorten(name)}: dtype is one of {', '.join(DTYPES)}; got {shorten(dtype)}")
    if not _are_sizes(shape) or len(shape) > MAX_RANK:
        raise ValueError(f"tensor {shorten(name)}: shape is a list of at most {MAX_RANK} sizes")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise ValueError(f"tensor {shorten(name)}: data_offsets is a list of two sizes")
    begin, end = offsets
    needed = math.prod(shape) * ITEM_BYTES[DTYPES[dtype]]
    what = f"tensor {shorten(name)}: {'x'.join(map(str, shape))} {dtype}"
    if needed > MAX_SIZE:
        raise ValueError(f"{what} is more than 2^63 bytes")
    if end - begin != needed:
        raise ValueError(f"{what} is {needed} bytes; got data_offsets [{begin}, {end}]")
    return TensorInfo(DTYPES[dtype], tuple(shape), begin, end)


def _are_sizes(values: object) -> bool:
    return type(values) is list and all(type(value) is int and value >= 0 for value in values)


def _check_tiling(tensors: dict[str, TensorInfo], data_bytes: int) -> None:
    """The tensors, in the order of their bytes, must follow each other from the first byte to the last."""
    position, before = 0, "the header"
    for name, tensor in tensors.items():
        if tensor.begin != position:
            what = "overlaps" if tensor.begin < position else "leaves a gap after"
            where = f"begins at {tensor.begin} instead of {position}"
            raise ValueError(f"tensor {shorten(name)} {what} {before}; {where}")
        position, before = tensor.end, f"tensor {shorten(name)}"
    if position != data_bytes:
        what = "truncated" if position > data_bytes else "bytes left over"
        raise ValueError(f"{what}: the tensors take {position} bytes of data, the file has {data_bytes}")
