"""MNIST and Fashion-MNIST, read from their original IDX files."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np

from strate.data.digits import PixelType, Split
from strate.data.folders import find_files
from strate.data.idx import read_idx
from strate.data.sources import FASHION_MNIST, MNIST, SOURCES, Source


def mnist(
    data_dir: str | os.PathLike[str] | None = None, *, download: bool = False, dtype: PixelType = "float32"
) -> tuple[Split, Split]:
    """The 70 000 handwritten digits of MNIST, 28x28 pixels.

    Args:
        data_dir: the folder of the four files, or the one above it. Default: STRATE_DATA, then the user's
            cache.
        download: fetch files that are missing from one of two mirrors, with checksums (strate[download]).
        dtype: "float32", pixels in [0, 1], or "uint8", as stored (a model scales them by 1/255 itself).
    Shapes:
        (x_train (60000, 28, 28, 1), y_train (60000,)), (x_test (10000, 28, 28, 1), y_test (10000,)); labels
        int64
    Raises:
        FileNotFoundError: no files; the message says which to put where.
        ValueError: a file is damaged or is not the one that its name says.
        ConnectionError: no mirror could be reached.
    Source:
        Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
        recognition", Proceedings of the IEEE 86(11), 1998. The files are not part of strate; their commonly
        stated licence is CC BY-SA 3.0.
    """
    return load(MNIST, data_dir, download, dtype)


def fashion_mnist(
    data_dir: str | os.PathLike[str] | None = None, *, download: bool = False, dtype: PixelType = "float32"
) -> tuple[Split, Split]:
    """The 70 000 pictures of clothing of Fashion-MNIST, 28x28 pixels; `CLASS_NAMES` has the names.

    Arguments, shapes and errors are those of `mnist`.

    Source:
        H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
        Learning Algorithms", arXiv:1708.07747, 2017, MIT licence.
    """
    return load(FASHION_MNIST, data_dir, download, dtype)


def load(
    source: Source, data_dir: str | os.PathLike[str] | None, download: bool, dtype: PixelType
) -> tuple[Split, Split]:
    """Finds, reads and checks the files of `source`."""
    if dtype not in ("float32", "uint8"):
        raise ValueError(f'[{source.name}] dtype is "float32" or "uint8"; got {dtype!r}')
    files = find_files(source, data_dir, download)
    x_train, y_train = read_pair(files["train_images"], files["train_labels"])
    _check_identity(source, y_train, files["train_labels"])
    x_test, y_test = read_pair(files["test_images"], files["test_labels"])
    if dtype == "float32":
        x_train, x_test = (np.divide(x, 255, dtype=np.float32) for x in (x_train, x_test))
    return (x_train, y_train.astype(np.int64)), (x_test, y_test.astype(np.int64))


def read_pair(images_path: Path, labels_path: Path) -> Split:
    """Images (N, 28, 28, 1) and their labels (N,), both uint8, from two IDX files that must agree."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise ValueError(f"{images_path}: images are Nx28x28 bytes; got {_what(images)}")
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise ValueError(f"{labels_path}: labels are N bytes; got {_what(labels)}")
    if len(images) != len(labels):
        raise ValueError(f"{labels_path}: {len(labels)} labels for the {len(images)} images of {images_path}")
    wrong = np.flatnonzero(labels > 9)
    if wrong.size:
        raise ValueError(f"{labels_path}: labels are 0 to 9; got {labels[wrong[0]]} in row {wrong[0]}")
    return images[..., np.newaxis], labels


def _check_identity(source: Source, labels: np.ndarray, path: Path) -> None:
    """MNIST and Fashion-MNIST use the same file names: say so rather than train on the other one."""
    crc = zlib.crc32(labels)
    for other in SOURCES:
        if other.name != source.name and other.label_crc == crc:
            raise ValueError(f"{path}: these are the labels of {other.name}, not of {source.name}")


def _what(array: np.ndarray) -> str:
    return f"{'x'.join(map(str, array.shape))}, {array.dtype}"
