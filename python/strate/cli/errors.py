"""What went wrong, in one line, and the status that the process ends with."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

OK, FAILURE, USAGE, INTERRUPTED = 0, 1, 2, 130


class UsageError(Exception):
    """The command line asks for something that does not exist."""


def one_line(problem: BaseException | str) -> str:
    """The message of an error without line breaks."""
    if isinstance(problem, OSError) and problem.strerror and problem.filename is not None:
        return f"{problem.filename}: {problem.strerror}"
    if isinstance(problem, MemoryError) and not str(problem):
        return "not enough memory"
    return " ".join(str(problem).split()) or type(problem).__name__


def check_device(device: str) -> None:
    """An error in one line where the device that was asked for is unavailable."""
    from strate.info import check_device as check

    try:
        check(device)
    except RuntimeError as error:
        raise UsageError(f"--device {device}: {error}") from None


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """An error that says which names there are, and which of them may have been meant."""
    known = list(known)
    likely = get_close_matches(name.lower(), known, n=1)
    names = ", ".join(known)
    hint = f"did you mean {likely[0]}? ({names})" if likely else f"there are {names}"
    return UsageError(f"unknown {what} {name!r}: {hint}")
