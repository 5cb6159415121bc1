"""Data sets by name, as the models of `strate.zoo` take them."""

from __future__ import annotations

import numpy as np

from strate import data
from strate.cli.errors import UsageError, unknown
from strate.cli.parser import DATA_SETS

ENLARGED = (28, 28)  # the digits, to the size of MNIST's
KEYS = {"cifar10": "cifar-10"}  # in `data.CLASS_NAMES`, where they differ
PART = 1024  # images resized at a time


def load(name: str, data_dir: str | None, download: bool, size: tuple[int, int] | None = None):
    """((x_train, y_train), (x_test, y_test)), images of one size; `data.resize` makes others fit.

    Args:
        name: one of `DATA_SETS`.
        data_dir, download: as for `data.mnist`; the digits need neither.
        size: (height, width) that the model takes. Default: their own, for the digits 28x28.
    Raises:
        FileNotFoundError: no files; the message says which to put where.
    """
    if name == "digits":
        parts = data.digits()
        size = size or ENLARGED
    elif name == "cifar10":
        parts = _in_words_of_the_command(data.cifar10, data_dir, dtype="uint8")
    else:
        reader = data.mnist if name == "mnist" else data.fashion_mnist
        parts = _in_words_of_the_command(reader, data_dir, download=download)
    return tuple((x if size in (None, x.shape[1:3]) else resized(x, size), y) for x, y in parts)


def resized(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images of another size; bytes stay bytes, as a quarter of the memory."""
    if x.dtype != np.uint8:
        return data.resize(x, size)
    y = np.empty((len(x), *size, x.shape[3]), np.uint8)
    for begin in range(0, len(x), PART):
        part = data.resize(x[begin : begin + PART], size)
        y[begin : begin + PART] = np.rint(255 * part)
    return y


def class_names(name: str) -> tuple[str, ...]:
    """Names of the classes of a data set."""
    return data.CLASS_NAMES[KEYS.get(name, name)]


def _in_words_of_the_command(reader, data_dir: str | None, **settings):
    try:
        return reader(data_dir, **settings)
    except FileNotFoundError as error:  # its advice, in the words of the command line
        advice = str(error).replace("data_dir=", "--data-dir").replace("download=True", "--download")
        raise FileNotFoundError(advice) from error


def check(name: str, data_dir: str | None, download: bool) -> None:
    """A UsageError for what `load` cannot do."""
    if name not in DATA_SETS:
        raise unknown("data set", name, DATA_SETS)
    if name == "digits" and (data_dir is not None or download):
        given = "--data-dir" if data_dir is not None else "--download"
        others = ", ".join(other for other in DATA_SETS if other != "digits")
        raise UsageError(f"{given} is for {others} (--data); the digits are part of strate")
    if name == "cifar10" and download:
        raise UsageError("cifar10 is not downloaded: --data-dir names the folder of its files")
