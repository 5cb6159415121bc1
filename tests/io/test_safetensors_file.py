"""Named arrays in a file: what is written is read, by us and by the package; all else is refused."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

import strate.io.atomic
from strate.io import safetensors_header
from strate.io.safetensors_file import CODES, read, read_header, write

TENSORS = {
    "layers.0.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "layers.0.bias": np.array([1.5, -2.5, np.nan], np.float64),
    "counter": np.array(7, np.int64),
    "mask": np.array([True, False]),
    "bytes": np.arange(5, dtype=np.uint8),
    "empty": np.zeros((0, 3), np.int32),
}
METADATA = {"architecture": '{"kind": "Sequential"}', "é": "ü\n\0", "": ""}


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and a[k].shape == b[k].shape and a[k].tobytes() == b[k].tobytes() for k in a
    )


def file_of(folder: Path, header: object, data: bytes = b"", length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "hostile.safetensors"
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(dtype="F32", shape=(1,), begin=0, end=4) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def refused(path: Path, message: str):
    """By both doors, naming the file, and without allocating what the header asks for."""
    for door in (read_header, read):
        tracemalloc.start()
        with pytest.raises(ValueError, match=message) as error:
            door(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert str(path) in str(error.value)
        assert peak < (1 << 20) + 40 * min(os.path.getsize(path), 1 << 24)


def test_there_and_back(tmp_path):
    write(tmp_path / "m.safetensors", TENSORS, METADATA)
    tensors, metadata = read(tmp_path / "m.safetensors")
    assert same(tensors, TENSORS) and metadata == METADATA
    assert all(tensor.flags.writeable for tensor in tensors.values())


def test_the_package_reads_what_we_write_and_we_read_what_it_writes(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    write(ours, TENSORS, METADATA)
    safetensors.numpy.save_file(TENSORS, theirs, METADATA)
    assert same(safetensors.numpy.load_file(ours), TENSORS)
    with safetensors.safe_open(ours, "numpy") as file:
        assert file.metadata() == METADATA
    tensors, metadata = read(theirs)
    assert same(tensors, TENSORS) and metadata == METADATA


def test_the_same_model_gives_the_same_file(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name, TENSORS, {f"key {i}": "x" for i in range(20)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_array_starts_on_a_multiple_of_its_item_size(tmp_path):
    write(tmp_path / "m", TENSORS, METADATA)
    header = read_header(tmp_path / "m")
    for tensor in header.tensors.values():
        assert (header.data_begin + tensor.begin) % np.dtype(tensor.dtype).itemsize == 0


def test_strides_and_byte_order_do_not_matter(tmp_path):
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    write(tmp_path / "m", {"t": x.T, "step": x[:, ::-2], "big": x.astype(">f4")}, {})
    tensors, metadata = read(tmp_path / "m")
    assert same(tensors, {"t": x.T.copy(), "step": x[:, ::-2].copy(), "big": x}) and metadata == {}


def test_no_tensors(tmp_path):
    write(tmp_path / "m", {}, {})
    assert read(tmp_path / "m") == ({}, {})


def test_the_header_alone(tmp_path):
    write(tmp_path / "m", TENSORS, METADATA)
    header = read_header(tmp_path / "m")
    assert header.metadata == METADATA
    assert {name: (tensor.dtype, tensor.shape) for name, tensor in header.tensors.items()} == {
        name: (tensor.dtype.name, tensor.shape) for name, tensor in TENSORS.items()
    }


@settings(max_examples=150)
@given(
    tensors=some.dictionaries(
        some.text(some.characters(exclude_categories=["Cs"])).filter(lambda name: name != "__metadata__"),
        some.sampled_from(sorted(CODES)).flatmap(
            lambda dtype: arrays.arrays(
                dtype, arrays.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=4)
            )
        ),
        max_size=6,
    )
)
def test_any_tensors(tmp_path_factory, tensors):
    path = tmp_path_factory.getbasetemp() / "any"
    write(path, tensors, {})
    assert same(read(path)[0], tensors)
    assert same(safetensors.numpy.load_file(path), tensors)


# What is refused at save


@pytest.mark.parametrize(
    "tensors, metadata, message",
    [
        ({"x": np.zeros(2, complex)}, {}, r"\[write\] tensor 'x': dtype is one of bool, .*; got complex128"),
        ({"x": np.array(["a"])}, {}, "dtype is one of"),
        ({"x": np.array([None])}, {}, "dtype is one of"),
        ({3: np.zeros(2)}, {}, "a tensor's name is text"),
        ({"__metadata__": np.zeros(2)}, {}, "a tensor's name is text"),
        ({}, {"n": 3}, "metadata is text by name; got 'n': int"),
        ({}, {3: "n"}, "metadata is text by name; got 3: str"),
    ],
)
def test_what_the_format_lacks_is_refused_at_save(tmp_path, tensors, metadata, message):
    with pytest.raises(TypeError, match=message):
        write(tmp_path / "m", tensors, metadata)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("metadata", [{"k": "x" * (17 << 20)}, {"k": "\ud800"}])
def test_what_could_not_be_read_back_is_refused_at_save(tmp_path, metadata):
    with pytest.raises(ValueError, match=r"bytes of names and metadata|surrogate"):
        write(tmp_path / "m", {}, metadata)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m"
    write(path, TENSORS, METADATA)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(strate.io.atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(path, {"other": np.zeros(1000)}, {})
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


# Hostile files


@pytest.mark.parametrize("length", [(1 << 32), (1 << 63), (1 << 64) - 1, (16 << 20) + 1])
def test_a_header_of_4_gb(tmp_path, length):
    refused(
        file_of(tmp_path, b"{}", length=length),
        f"the header's length is {length} bytes; the limit is 16777216",
    )


def test_a_header_longer_than_the_file(tmp_path):
    refused(file_of(tmp_path, b"{}", length=1000), "truncated: a header of 1000 bytes in a file of 10")


@pytest.mark.parametrize("content", [b"", b"\x02", b"\x02\0\0\0\0\0\0"])
def test_a_file_without_a_length(tmp_path, content):
    path = tmp_path / "short"
    path.write_bytes(content)
    refused(path, f"not a safetensors file: only {len(content)} bytes")


def test_a_sparse_file_of_terabytes(tmp_path):
    path = file_of(tmp_path, {"x": entry("U8", (1 << 42,), 0, 1 << 42)})
    try:
        os.truncate(path, 8 + path.stat().st_size - 8 + (1 << 42))
    except OSError:
        pytest.skip("this file system has no sparse files of 4 TB")
    refused(path, "the limit is 274877906944")


DEEP = 100_000


@pytest.mark.parametrize(
    "header",
    [
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b'{"x":{"dtype":"F32","shape":' + b"[" * DEEP,
    ],
)
def test_nesting_of_1e5(tmp_path, header):
    refused(file_of(tmp_path, header), "header: nested deeper than 4 levels")


def test_too_many_tensors(tmp_path, monkeypatch):
    monkeypatch.setattr(safetensors_header, "MAX_TENSORS", 3)
    refused(
        file_of(tmp_path, {f"{i}": entry(shape=(0,), end=0) for i in range(4)}), "4 tensors; the limit is 3"
    )


@pytest.mark.parametrize(
    "header, message",
    [
        (b"", "header: not valid JSON"),
        (b"{", "header: not valid JSON"),
        (b"\xff\xfe{}", "the header is not UTF-8"),
        (b"[]", "the header is an object; got list"),
        (b'{"x":1,"x":2}', "key 'x' is given twice"),
        (
            b'{"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
            "key 'dtype' is given twice",
        ),
        ({"__metadata__": {"a": 1}}, "__metadata__ holds text by name"),
        ({"__metadata__": []}, "__metadata__ holds text by name"),
        ({"x": []}, "tensor 'x': its fields are dtype, shape, data_offsets"),
        ({"x": {"dtype": "F32", "shape": [1]}}, "tensor 'x': its fields are"),
        ({"x": {**entry(), "more": 1}}, "tensor 'x': its fields are"),
        ({"x": entry("BF16", (2,))}, "tensor 'x': dtype is one of .*; got 'BF16'"),
        ({"x": entry("os.system")}, "dtype is one of .*; got 'os.system'"),
        ({"x": entry(["F32"])}, "dtype is one of"),
        ({"x": entry(shape=[-1])}, "shape is a list of at most 32 sizes"),
        ({"x": entry(shape=[1.0])}, "shape is a list"),
        ({"x": entry(shape=[True])}, "shape is a list"),
        ({"x": entry(shape=[1] * 33)}, "shape is a list"),
        ({"x": {**entry(), "shape": 1}}, "shape is a list"),
        ({"x": {**entry(), "data_offsets": [0]}}, "data_offsets is a list of two sizes"),
        ({"x": {**entry(), "data_offsets": [0, 2, 4]}}, "data_offsets is a list of two sizes"),
        ({"x": entry(begin=-4, end=0)}, "data_offsets is a list of two sizes"),
        ({"x": entry(begin=4, end=0)}, r"1 F32 is 4 bytes; got data_offsets \[4, 0\]"),
        ({"x": entry(shape=(2,))}, r"2 F32 is 8 bytes; got data_offsets \[0, 4\]"),
        ({"x": entry(shape=(10**12,), end=4 * 10**12)}, "truncated: the tensors take 4000000000000 bytes"),
        ({"x": entry(shape=(1 << 62,), end=4)}, "is more than 2\\^63 bytes"),
        ({"x": entry(shape=(1 << 32, 1 << 32), end=0)}, "is more than 2\\^63 bytes"),
        ({"x": entry(shape=(1 << 62, 4, 0), end=4)}, r"is 0 bytes; got data_offsets \[0, 4\]"),
        ({"x": entry(shape=(1 << 64,), end=4)}, "integers are at most"),
        ({"x": entry(), "y": entry()}, "tensor 'y' overlaps tensor 'x'; begins at 0 instead of 4"),
        ({"x": entry(shape=(2,), end=8), "y": entry(begin=4, end=8)}, "tensor 'y' overlaps tensor 'x'"),
        ({"x": entry(begin=4, end=8)}, "tensor 'x' leaves a gap after the header; begins at 4 instead of 0"),
        ({"x": entry(), "y": entry(begin=5, end=9)}, "tensor 'y' leaves a gap after tensor 'x'"),
        ({"x": entry(shape=(3,), end=12)}, "truncated: the tensors take 12 bytes of data, the file has 8"),
        ({"x": entry()}, "bytes left over: the tensors take 4 bytes of data, the file has 8"),
        ({}, "bytes left over"),
    ],
)
def test_headers_that_lie(tmp_path, header, message):
    refused(file_of(tmp_path, header, b"\0" * 8), message)


def test_messages_stay_short(tmp_path):
    for header in ({"x" * 10**6: []}, {"x": entry("D" * 10**6)}, {"x": entry(shape=[10**18] * 32)}):
        with pytest.raises(ValueError) as error:
            read(file_of(tmp_path, header))
        assert len(str(error.value)) < 1000


def test_folders_pipes_and_missing_files(tmp_path):
    refused(tmp_path, "not a regular file")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused(tmp_path / "pipe", "not a regular file")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing")


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "model"
    write(path, TENSORS, METADATA)
    return path.read_bytes()


@pytest.mark.parametrize("end", [0, 7, 8, 20, -1])
def test_truncated_anywhere(tmp_path, good, end):
    path = tmp_path / "cut"
    path.write_bytes(good[:end])
    refused(path, "truncated|not a safetensors file")


@settings(max_examples=500)
@given(
    flips=some.lists(some.tuples(some.integers(0, 10**6), some.integers(1, 255)), max_size=3),
    end=some.integers(0, 700) | some.none(),
)
def test_damage_gives_a_value_error_or_tensors_that_fit(tmp_path_factory, good, flips, end):
    content = bytearray(good)
    for place, change in flips:
        content[place % len(content)] ^= change
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[:end])
    try:
        tensors, _ = read(path)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert sum(tensor.nbytes for tensor in tensors.values()) == sum(t.nbytes for t in TENSORS.values())
        if not flips:
            assert same(tensors, TENSORS)


@settings(max_examples=300)
@given(header=some.binary(max_size=80) | some.text('{}[]",:\\x0F32', max_size=80).map(str.encode))
def test_any_header_gives_a_value_error_or_no_tensors(tmp_path_factory, header):
    path = file_of(tmp_path_factory.getbasetemp(), header)
    try:
        assert read(path)[0] == {}
    except ValueError as error:
        assert str(path) in str(error)
