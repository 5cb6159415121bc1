"""Fetching the files of a data set, from the first mirror that sends the right bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from strate.data.sources import File, Source
from strate.io.atomic import replacing

TIMEOUT_S = 30


class WrongBytes(Exception):
    """What a mirror sent is not the file."""


def download(source: Source, folder: Path) -> None:
    """Fetches the files that `folder` lacks: to a temporary name, checked by size and sha256, then renamed.

    Args:
        source: the data set.
        folder: where the files go; made if it does not exist.
    Raises:
        ImportError: pooch is not installed.
        ConnectionError: no mirror sent one of the files; the message gives each mirror's reason.
        OSError: the folder cannot be written, or the disk is full.
    """
    try:
        import pooch
    except ImportError as error:
        raise ImportError('downloading needs pooch: pip install "strate[download]"') from error
    as_stored = {"Accept-Encoding": "identity"}  # else a server may have its .gz files unpacked on the way
    fetch = pooch.HTTPDownloader(progressbar=False, timeout=TIMEOUT_S, headers=as_stored)
    folder.mkdir(parents=True, exist_ok=True)
    for file in source.files.values():
        if not (folder / file.name).exists():
            _download_file(source, file, folder, fetch)


def _download_file(source: Source, file: File, folder: Path, fetch) -> None:
    import requests

    reasons = []
    for mirror in source.mirrors:
        url = mirror + file.name
        try:
            with replacing(folder / file.name) as output:
                checked = _Checked(output, file)
                fetch(url, checked, None)
                checked.finish()
            return
        except (requests.RequestException, WrongBytes) as error:
            reasons.append(f"{url}: {error}")
    raise ConnectionError(
        f"{source.name}: no mirror sent {file.name}, which can also be put in {folder} by hand; "
        + "; ".join(reasons)
    )


class _Checked:
    """A file that takes the published bytes alone, and stops a mirror that sends more."""

    def __init__(self, output: BinaryIO, file: File):
        self.output = output
        self.file = file
        self.bytes = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.bytes += len(data)
        if self.bytes > self.file.bytes:
            raise WrongBytes(f"more than the {self.file.bytes} bytes of the file")
        self.sha256.update(data)
        return self.output.write(data)

    def flush(self) -> None:
        """Left to the end: the downloader asks for it after every chunk."""

    def finish(self) -> None:
        if self.bytes != self.file.bytes:
            raise WrongBytes(f"{self.bytes} bytes instead of {self.file.bytes}")
        if self.sha256.hexdigest() != self.file.sha256:
            raise WrongBytes(f"sha256 {self.sha256.hexdigest()} instead of {self.file.sha256}")
