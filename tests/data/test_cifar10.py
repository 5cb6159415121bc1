"""CIFAR-10: the facts of the real files, where they are looked for, parts of the set, what is refused."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from strate.data import CLASS_NAMES, cifar10
from strate.data.cifar10 import RECORD, read_batches

NAMES = CLASS_NAMES["cifar-10"]
IN_CLASS = (
    [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981],
    [984, 1007, 1010, 995, 1010, 988, 1008, 1026, 987, 985],
    [103, 89, 100, 103, 90, 86, 112, 102, 106, 109],
)
FIRST = (
    "frog truck truck deer automobile",
    "automobile frog frog ship ship",
    "cat ship ship airplane frog",
)
MEAN_STD = (
    ((0.4935, 0.4834, 0.4472), (0.2476, 0.2446, 0.2626)),
    ((0.4921, 0.4826, 0.4468), (0.2472, 0.2437, 0.2615)),
    ((0.4967, 0.4867, 0.4510), (0.2466, 0.2427, 0.2617)),
)


def test_facts_of_the_real_files(test_data):
    (x, y), (x_test, y_test) = cifar10(test_data / "cifar-10", dtype="uint8")
    assert x.shape == (20_000, 32, 32, 3) and x_test.shape == (1000, 32, 32, 3)
    assert x.dtype == np.uint8 and y.dtype == np.int64 and y_test.dtype == np.int64
    parts = ((x[:10_000], y[:10_000]), (x[10_000:], y[10_000:]), (x_test, y_test))
    for (images, labels), in_class, first, (mean, std) in zip(parts, IN_CLASS, FIRST, MEAN_STD, strict=True):
        assert np.bincount(labels).tolist() == in_class
        assert " ".join(NAMES[label] for label in labels[:5]) == first
        pixels = images.reshape(-1, 3) / 255
        assert np.abs(pixels.mean(0) - mean).max() < 5.1e-5
        assert np.abs(pixels.std(0) - std).max() < 5.1e-5
    assert y[0] == 6  # a frog, whose first and last values are published with the files
    assert x[0, 0, :3, 0].tolist() == [59, 43, 50]
    assert x[0, -1, -3:, 2].tolist() == [140, 84, 72]


def test_one_batch_of_the_real_files_as_numbers(test_data):
    (x, y), (x_test, _) = cifar10(test_data, batches=[2])
    (stored, labels), _ = cifar10(test_data, batches=[2], dtype="uint8")
    assert x.dtype == np.float32 and x_test.dtype == np.float32 and x.flags.c_contiguous
    assert len(x) == 10_000 and NAMES[y[0]] == "automobile"
    assert np.array_equal(y, labels) and np.array_equal(x, stored.astype(np.float32) / np.float32(255))
    assert x.min() == 0 and x.max() == 1


def test_a_real_batch_that_is_not_there(test_data):
    with pytest.raises(FileNotFoundError, match=r"all of data_batch_1\.bin, data_batch_3\.bin, from https"):
        cifar10(test_data, batches=[1, 3])


def records(labels, pixel=0) -> bytes:
    table = np.full((len(labels), RECORD), pixel, np.uint8)
    table[:, 0] = labels
    return table.tobytes()


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A user with an empty cache and no STRATE_DATA; a batch has four records, to keep files small."""
    monkeypatch.delenv("STRATE_DATA", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys.modules["strate.data.cifar10"], "RECORDS", 4)
    return tmp_path


def put_files(folder: Path, batches=(1, 2, 3, 4, 5), test: str = "test_batch.bin") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in batches:
        (folder / f"data_batch_{number}.bin").write_bytes(records([number] * 4, number))
    count = int(re.findall(r"first(\d+)", test)[0]) if "first" in test else 4
    (folder / test).write_bytes(records([0] * count, 9))
    return folder


def test_the_whole_set_in_order(home):
    (x, y), (x_test, y_test) = cifar10(put_files(home), dtype="uint8")
    assert y.tolist() == np.repeat([1, 2, 3, 4, 5], 4).tolist()
    assert np.array_equal(x[:, 3, 5, 1], y) and (x_test == 9).all() and y_test.tolist() == [0] * 4


def test_parts_of_the_set(home):
    folder = put_files(home, batches=(2, 5), test="test_batch_first3.bin")
    (folder / "test_batch_first2.bin").write_bytes(records([1, 1]))
    (folder / "test_batch_firstly.bin").write_bytes(b"")
    (_, y), (_, y_test) = cifar10(folder)
    assert y.tolist() == [2] * 4 + [5] * 4 and y_test.tolist() == [0, 0, 0]
    assert cifar10(folder, batches=(5,))[0][1].tolist() == [5] * 4
    assert cifar10(folder, batches=(5, 2))[0][1].tolist() == [5] * 4 + [2] * 4
    (folder / "test_batch.bin").write_bytes(records([7] * 4))
    assert cifar10(folder)[1][1].tolist() == [7] * 4  # the whole batch before its beginnings


def test_planes_become_channels(tmp_path):
    planes = np.arange(3 * 32 * 32, dtype=np.uint32).reshape(3, 32, 32).astype(np.uint8)
    path = tmp_path / "one.bin"
    path.write_bytes(bytes([3]) + planes.tobytes())
    x, y = read_batches([(path, 1)], "uint8")
    assert np.array_equal(x[0], planes.transpose(1, 2, 0)) and y.tolist() == [3]


@pytest.mark.parametrize("name", ["", "cifar-10", "cifar-10-batches-bin"])
def test_where_the_files_may_lie(home, monkeypatch, name):
    put_files(home / "sets" / name)
    for folder in (home / "sets", home / "sets" / name, str(home / "sets")):
        assert len(cifar10(folder)[0][1]) == 20
    monkeypatch.setenv("STRATE_DATA", str(home / "sets"))
    assert len(cifar10()[0][1]) == 20
    with pytest.raises(FileNotFoundError):  # who names a folder means that folder
        cifar10(home / "elsewhere")


def test_the_cache(home):
    put_files(home / "cache" / "strate" / "cifar-10-batches-bin", batches=[1])
    assert len(cifar10()[0][1]) == 4


def test_the_error_says_which_files_to_put_where(home):
    with pytest.raises(FileNotFoundError) as error:
        cifar10()
    message = str(error.value)
    for part in ("test_batch.bin", "data_batch_1.bin", "data_batch_5.bin", "cifar-10-binary.tar.gz"):
        assert part in message
    assert f"in {home / 'cache' / 'strate' / 'cifar-10'}," in message
    assert "data_dir=" in message and "STRATE_DATA" in message and "\n" not in message


@pytest.mark.parametrize("missing", ["test_batch.bin", "data_batch_1.bin"])
def test_both_halves_are_needed(home, missing):
    folder = put_files(home, batches=[1])
    (folder / missing).unlink()
    with pytest.raises(FileNotFoundError, match=re.escape(missing)):
        cifar10(folder)


@pytest.mark.parametrize(
    "name, size", [("data_batch_1.bin", 4), ("test_batch.bin", 4), ("test_batch_first3.bin", 3)]
)
@pytest.mark.parametrize("change", [-RECORD, -1, 1, RECORD])
def test_every_size_is_checked(home, name, size, change):
    folder = put_files(home, batches=[1], test=name if "test" in name else "test_batch.bin")
    (folder / name).write_bytes(bytes(size * RECORD + change))
    message = f"{name}: {size} records of 3073 bytes are {size * RECORD} bytes; got {size * RECORD + change}"
    with pytest.raises(ValueError, match=re.escape(message)):
        cifar10(folder)


def test_a_label_above_nine_names_file_and_row(home):
    folder = put_files(home, batches=[1, 2])
    (folder / "data_batch_2.bin").write_bytes(records([9, 0, 10, 255]))
    with pytest.raises(ValueError, match=r"data_batch_2\.bin: labels are 0 to 9; got 10 in row 2"):
        cifar10(folder)


def test_names_beside_the_files_must_be_the_known_ones(home):
    folder = put_files(home)
    for end in ("\n", "\r\n"):
        (folder / "batches.meta.txt").write_bytes((end.join(NAMES) + end + end).encode())
        assert len(cifar10(folder)[0][1]) == 20
    (folder / "batches.meta.txt").write_text("\n".join(reversed(NAMES)))
    with pytest.raises(ValueError, match=r"batches\.meta\.txt: the classes are airplane, automobile"):
        cifar10(folder)


@pytest.mark.parametrize("batches", [[], [0], [6], [1, 1]])
def test_wrong_batches(home, batches):
    with pytest.raises(ValueError, match=r"different numbers out of 1 \.\.\. 5"):
        cifar10(put_files(home), batches=batches)


def test_another_dtype_is_refused():
    with pytest.raises(ValueError, match=r'\[cifar-10\] dtype is "float32" or "uint8"; got \'int8\''):
        cifar10(dtype="int8")


@settings(max_examples=60)
@given(
    content=some.binary(max_size=8).map(lambda start: start.ljust(8, b"\1")),
    cut=some.integers(0, 3 * RECORD),
    count=some.integers(1, 3),
)
def test_damage_is_a_value_error_or_gives_what_the_bytes_say(tmp_path_factory, content, cut, count):
    path = tmp_path_factory.getbasetemp() / "batch.bin"
    stored = (content * (3 * RECORD))[:cut]
    path.write_bytes(stored)
    try:
        x, y = read_batches([(path, count)], "uint8")
    except ValueError as error:
        assert str(path) in str(error)
        assert cut != count * RECORD or max(stored[::RECORD]) > 9
    else:
        assert cut == count * RECORD and y.tolist() == list(stored[::RECORD])
        assert x.transpose(0, 3, 1, 2).tobytes() == b"".join(
            stored[i * RECORD + 1 : (i + 1) * RECORD] for i in range(count)
        )
