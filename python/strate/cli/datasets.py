"""Data sets by name, as the models of `strate.zoo` take them."""

from __future__ import annotations

from strate import data
from strate.cli.errors import UsageError, unknown
from strate.cli.parser import DATA_SETS

SIDE = (28, 28)


def load(name: str, data_dir: str | None, download: bool, size: tuple[int, int] = SIDE):
    """((x_train, y_train), (x_test, y_test)), images of one size; `data.resize` makes others fit.

    Args:
        name: "digits", "mnist" or "fashion-mnist".
        data_dir, download: as for `data.mnist`; the digits need neither.
        size: (height, width) that the model takes.
    Raises:
        FileNotFoundError: no files; the message says which to put where.
    """
    if name == "digits":
        parts = data.digits()
    else:
        parts = _read(data.mnist if name == "mnist" else data.fashion_mnist, data_dir, download)
    return tuple((x if x.shape[1:3] == size else data.resize(x, size), y) for x, y in parts)


def _read(reader, data_dir: str | None, download: bool):
    try:
        return reader(data_dir, download=download)
    except FileNotFoundError as error:  # its advice, in the words of the command line
        advice = str(error).replace("data_dir=", "--data-dir").replace("download=True", "--download")
        raise FileNotFoundError(advice) from error


def check(name: str, data_dir: str | None, download: bool) -> None:
    """A UsageError for what `load` cannot do."""
    if name not in DATA_SETS:
        raise unknown("data set", name, DATA_SETS)
    if name == "digits" and (data_dir is not None or download):
        given = "--data-dir" if data_dir is not None else "--download"
        raise UsageError(f"{given} is for mnist and fashion-mnist (--data); the digits are part of strate")
