"""What the commands print, and where they write."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

EIGHTHS = "▏▎▍▌▋▊▉█"


def grouped(number: int) -> str:
    """61706 as "61 706".

    >>> from strate.cli.output import grouped
    >>> grouped(61706)
    '61 706'
    """
    return f"{number:,}".replace(",", " ")


def count(number: int, thing: str) -> str:
    """A number with its noun: "1 epoch", "1 437 training images".

    >>> from strate.cli.output import count
    >>> count(1, "epoch"), count(1437, "training image")
    ('1 epoch', '1 437 training images')
    """
    return f"{grouped(number)} {thing}{'' if number == 1 else 's'}"


def bar(share: float, width: int = 40, *, blocks: bool | None = None) -> str:
    """A share of one as a bar, an eighth of a character precise where the terminal can show it.

    >>> from strate.cli.output import bar
    >>> bar(0.5, 8, blocks=True), bar(0.51, 8, blocks=False)
    ('████', '####')
    """
    if blocks is None:
        blocks = _can_print(EIGHTHS)
    if not blocks:
        return "#" * round(share * width)
    whole, rest = divmod(round(share * width * 8), 8)
    return EIGHTHS[-1] * whole + (EIGHTHS[rest - 1] if rest else "")


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def check_writable(path: Path) -> None:
    """An OSError now if `path` could not be written after a long training.

    Raises:
        FileNotFoundError: its folder does not exist.
        IsADirectoryError: it is a folder.
        OSError: its folder cannot be written.
    """
    if path.is_dir():
        raise IsADirectoryError(f"--save {path}: this is a folder")
    folder = path.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"--save {path}: there is no folder {folder}")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise type(error)(
            f"--save {path}: {folder} cannot be written ({os.strerror(error.errno)})"
        ) from error


def percent(share: float) -> str:
    """A share of one with one decimal.

    >>> from strate.cli.output import percent
    >>> percent(0.98765)
    '98.8 %'
    """
    return f"{100 * share:.1f} %"


def print_test(model, x, y) -> None:
    """Tests a model once and prints what came of it."""
    scores = model.evaluate(x, y)
    right = f"{grouped(round(scores.accuracy * len(x)))} of {count(len(x), 'image')}"
    print(f"test: {100 * scores.accuracy:.2f} % ({right}), loss {scores.loss:.4f}")
