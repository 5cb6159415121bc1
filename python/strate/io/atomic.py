"""Replacing a file whole: readers see the old content or the new, never a part, even if the power fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Opens a temporary file in the folder of `path`; leaving the block syncs it and renames it to `path`.

    On an exception in the block, or if the disk is full, the temporary file is removed and the old one stays.
    A symbolic link keeps pointing where it did: the file behind it is replaced.

    Raises:
        OSError: the folder does not exist, the disk is full, `path` is a folder.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "numbers"
    >>> with replacing(path) as file:
    ...     _ = file.write(b"123")
    >>> path.read_bytes()
    b'123'
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = target.with_name(f".strate-{os.urandom(8).hex()}.tmp")
    file = _create(temporary, path)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(FileNotFoundError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):
            raise _of(error, path) from error
        raise
    _sync_folder(target.parent)


def _create(temporary: Path, path: str | os.PathLike[str]) -> BinaryIO:
    try:
        return open(temporary, "xb")
    except OSError as error:
        raise _of(error, path) from error


def _of(error: OSError, path: str | os.PathLike[str]) -> OSError:
    """The same error with the name that was asked for: a full disk gives none."""
    return type(error)(error.errno, error.strerror, str(path))


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there; NTFS logs the rename
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems do not offer it
            raise
    finally:
        os.close(handle)
