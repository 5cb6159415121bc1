"""CIFAR-10, read from the batches of its original "binary version"."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from operator import index
from pathlib import Path

import numpy as np

from strate.data.digits import PixelType, Split
from strate.data.folders import candidate_folders
from strate.data.sources import CLASS_NAMES

FOLDERS = ("cifar-10", "cifar-10-batches-bin")  # ours, and the one inside the published archive
SIDE, CHANNELS, CLASSES = 32, 3, 10
RECORD = 1 + CHANNELS * SIDE * SIDE  # a label, then the red, the green and the blue plane
RECORDS = 10_000  # in a batch
ARCHIVE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"


def cifar10(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    batches: Sequence[int] | None = None,
    dtype: PixelType = "float32",
) -> tuple[Split, Split]:
    """Photographs of ten kinds of animals and vehicles, 32x32 pixels in colour; `CLASS_NAMES` has the names.

    The training images are those of data_batch_1.bin ... data_batch_5.bin, 10 000 each, the test images
    those of test_batch.bin. A part of the set will do: the training batches that are there, and for the
    test, in place of the whole batch, its first N images in a file test_batch_firstN.bin.

    Args:
        data_dir: the folder of the files, or the one above it. Default: STRATE_DATA, then the user's cache.
        batches: training batches to read, out of 1 ... 5. Default: all that are there, in order.
        dtype: "float32", pixels in [0, 1], or "uint8", as stored (a model scales them by 1/255 itself).
    Shapes:
        (x_train (50000, 32, 32, 3), y_train (50000,)), (x_test (10000, 32, 32, 3), y_test (10000,)), or
        fewer; labels int64, 0 to 9
    Raises:
        FileNotFoundError: no test images, no training batch, or not one that was asked for; the message
            says which files to put where.
        ValueError: a file of another size than its name says, a label above 9, or a batches.meta.txt beside
            them with other classes.
    Source:
        A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical report, University
        of Toronto, 2009. The files are not part of strate.
    """
    if dtype not in ("float32", "uint8"):
        raise ValueError(f'[cifar-10] dtype is "float32" or "uint8"; got {dtype!r}')
    wanted = None if batches is None else _checked(batches)
    folder, train, test = _find(data_dir, wanted)
    _check_names(folder / "batches.meta.txt")
    return read_batches(train, dtype), read_batches([test], dtype)


def read_batches(files: list[tuple[Path, int]], dtype: PixelType) -> Split:
    """The images and labels of some files, one after the other.

    Args:
        files: (path, the number of its records).
        dtype: "float32" or "uint8".
    """
    count = sum(records for _, records in files)
    for path, records in files:
        size = path.stat().st_size
        if size != records * RECORD:
            raise ValueError(
                f"{path}: {records} records of {RECORD} bytes are {records * RECORD} bytes; got {size}"
            )
    images = np.empty((count, SIDE, SIDE, CHANNELS), dtype)
    labels = np.empty(count, np.int64)
    begin = 0
    for path, records in files:
        pixels, part = _read(path, records)
        end = begin + records
        labels[begin:end] = part
        if dtype == "uint8":
            images[begin:end] = pixels
        else:
            np.divide(pixels, 255, out=images[begin:end], dtype=np.float32)
        begin = end
    return images, labels


def _read(path: Path, records: int) -> tuple[np.ndarray, np.ndarray]:
    """One file: pixels (N, 32, 32, 3) as a view of the planes that it holds, and labels (N,)."""
    table = np.fromfile(path, np.uint8, records * RECORD)
    if table.size != records * RECORD:
        raise ValueError(f"{path}: {records * RECORD} bytes expected, {table.size} read")
    table = table.reshape(records, RECORD)
    labels = table[:, 0]
    wrong = np.flatnonzero(labels >= CLASSES)
    if wrong.size:
        raise ValueError(f"{path}: labels are 0 to {CLASSES - 1}; got {labels[wrong[0]]} in row {wrong[0]}")
    planes = table[:, 1:].reshape(records, CHANNELS, SIDE, SIDE)
    return planes.transpose(0, 2, 3, 1), labels


def _checked(batches: Sequence[int]) -> list[int]:
    numbers = [int(index(number)) for number in batches]
    if not numbers or len(set(numbers)) < len(numbers) or not set(numbers) <= {1, 2, 3, 4, 5}:
        raise ValueError(f"[cifar-10] batches are different numbers out of 1 ... 5; got batches={batches!r}")
    return numbers


def _find(
    data_dir: str | os.PathLike[str] | None, wanted: list[int] | None
) -> tuple[Path, list[tuple[Path, int]], tuple[Path, int]]:
    """The first folder with test images and the training batches: it, and both with their counts."""
    folders = candidate_folders(FOLDERS, data_dir)
    for folder in folders:
        train = [folder / f"data_batch_{number}.bin" for number in wanted or range(1, 6)]
        there = [path for path in train if path.is_file()]
        test = _test_batch(folder)
        if test and there and (wanted is None or there == train):
            return folder, [(path, RECORDS) for path in there], test
    names = ", ".join(f"data_batch_{number}.bin" for number in wanted or range(1, 6))
    all_or_some = "all of" if wanted else "at least one of"
    raise FileNotFoundError(
        f"cifar-10: put test_batch.bin (or its beginning, test_batch_firstN.bin) and {all_or_some} {names}, "
        f"from {ARCHIVE}, in {folders[0]}, or name their folder with data_dir= or the environment variable "
        f"STRATE_DATA; looked in {', '.join(map(str, folders))}"
    )


def _test_batch(folder: Path) -> tuple[Path, int] | None:
    """The whole test batch, or else its longest beginning."""
    if (folder / "test_batch.bin").is_file():
        return folder / "test_batch.bin", RECORDS
    found = []
    for path in folder.glob("test_batch_first*.bin"):
        match = re.fullmatch(r"test_batch_first([1-9]\d{0,3})\.bin", path.name, re.ASCII)
        if match and path.is_file():
            found.append((int(match[1]), path))
    if not found:
        return None
    records, path = max(found)
    return path, records


def _check_names(path: Path) -> None:
    """Labels are numbers: refuse files whose own list gives them other meanings than `CLASS_NAMES`."""
    if not path.is_file():
        return
    with open(path, "rb") as file:
        names = tuple(file.read(4096).decode("ascii", "replace").split())
    if names != CLASS_NAMES["cifar-10"]:
        raise ValueError(f"{path}: the classes are {', '.join(CLASS_NAMES['cifar-10'])}; got {names}")
