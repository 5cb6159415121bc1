"""Sentences with a tag for every word, from files in columns: CoNLL's shared tasks and CoNLL-U."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

GZIP_MAGIC = b"\x1f\x8b"
MAX_LINE = 1 << 16  # bytes
MAX_BYTES = 1 << 30  # of a file, unpacked
CONLLU_COLUMNS = 10
FORM, UPOS = 1, 3  # the columns of CoNLL-U with the word and its universal part of speech

Tagged = tuple[list[list[str]], list[list[str]]]


def conll(
    path: str | os.PathLike[str],
    *,
    token: int | None = None,
    tag: int | None = None,
    separator: str = "\t",
    layout: Literal["columns", "conllu"] | None = None,
) -> Tagged:
    """The sentences of a file in columns: a token and its tag on each line, a blank line after each sentence.

    A line of spaces and tabs alone is blank too. In the layout "conllu" lines that begin with # are
    comments, there are ten columns, and the lines of multi-word tokens (3-4) and of empty nodes (8.1) are
    left out, so that what remains are the plain words.

    Args:
        path: the file, in UTF-8, gzip-compressed or not (told by its first bytes).
        token: column of the token, from 0, or from -1 backwards. Default: 0; CoNLL-U: 1 (FORM).
        tag: column of the tag. Default: -1; CoNLL-U: 3 (UPOS).
        separator: what stands between columns; CoNLL-2003 has " ".
        layout: "columns" or "conllu". Default: "conllu" if the file's name says so (.conllu, .conllu.gz).
    Returns:
        (sentences, tags): for each sentence the list of its tokens and the list of their tags.
    Raises:
        ValueError: the file is damaged, not UTF-8, has lines with more or fewer columns than its first or
            with an empty token or tag; the message names the line.
        OSError: the file cannot be opened.
    Source:
        E. F. Tjong Kim Sang, F. De Meulder, "Introduction to the CoNLL-2003 Shared Task", CoNLL 2003;
        https://universaldependencies.org/format.html.
    """
    path = Path(path)
    if layout not in ("columns", "conllu", None):
        raise ValueError(f'[conll] layout is "columns" or "conllu"; got layout={layout!r}')
    if not separator or "\n" in separator:
        raise ValueError(f"[conll] separator stands between the columns of a line; got {separator!r}")
    universal = layout == "conllu" or (
        layout is None and re.search(r"\.conllu(\.gz)?$", path.name) is not None
    )
    columns = (
        (FORM if universal else 0) if token is None else token,
        (UPOS if universal else -1) if tag is None else tag,
    )
    if universal and not all(-CONLLU_COLUMNS <= column < CONLLU_COLUMNS for column in columns):
        raise ValueError(
            f"[conll] CoNLL-U has {CONLLU_COLUMNS} columns; got token={columns[0]}, tag={columns[1]}"
        )
    sentences: list[list[str]] = []
    tags: list[list[str]] = []
    inside = False
    for word in _words(path, separator, columns, universal):
        if word is not None:
            if not inside:
                sentences.append([])
                tags.append([])
            sentences[-1].append(word[0])
            tags[-1].append(word[1])
        inside = word is not None
    return sentences, tags


def _words(
    path: Path, separator: str, columns: tuple[int, int], universal: bool
) -> Iterator[tuple[str, str] | None]:
    """(token, tag) of every word, and None at every blank line."""
    count = 0  # of columns
    expected = 1  # the next word's number in its sentence
    for number, line in _lines(path):
        where = f"{path}, line {number}"
        if not line.strip(" \t\r"):
            expected = 1
            yield None
            continue
        if universal and line.startswith("#"):
            continue
        cells = line.split(separator)
        count = count or (CONLLU_COLUMNS if universal else _columns_of(where, cells, columns))
        if len(cells) != count:
            raise ValueError(f"{where}: {count} columns expected; got {len(cells)}: {line[:80]!r}")
        if universal:
            if re.fullmatch(r"\d+(-|\.)\d+", cells[0], re.ASCII):
                continue
            if cells[0] != str(expected):
                raise ValueError(f"{where}: word {expected} expected; got ID {cells[0][:80]!r}")
            expected += 1
        word = cells[columns[0]], cells[columns[1]]
        for what, cell in zip(("token", "tag"), word, strict=True):
            if not cell.strip():
                raise ValueError(f"{where}: the {what} is empty: {line[:80]!r}")
        yield word


def _columns_of(where: str, cells: list[str], columns: tuple[int, int]) -> int:
    """The number of columns of a first line, which must reach those that were asked for."""
    if len(cells) < 2:
        raise ValueError(f"{where}: a token and a tag are two columns; got {cells[0][:80]!r}")
    for what, column in zip(("token", "tag"), columns, strict=True):
        if not -len(cells) <= column < len(cells):
            raise ValueError(f"{where}: no column {what}={column}; the line has {len(cells)} columns")
    return len(cells)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers from 1, without their ends."""
    with open(path, "rb") as file:
        compressed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        try:
            if not compressed:
                yield from _decoded(path, file)
                return
            with gzip.GzipFile(fileobj=file) as stream:
                yield from _decoded(path, stream)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: damaged gzip data ({error})") from error


def _decoded(path: Path, stream: BinaryIO) -> Iterator[tuple[int, str]]:
    left = MAX_BYTES
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        left -= len(line)
        if len(line) > MAX_LINE:
            raise ValueError(f"{path}, line {number}: longer than {MAX_LINE} bytes")
        if left < 0:
            raise ValueError(f"{path}, line {number}: the file is larger than {MAX_BYTES} bytes")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}, line {number}: not UTF-8 ({error.reason} at byte {error.start})"
            ) from error
        if "\0" in text:
            raise ValueError(f"{path}, line {number}: a zero byte; this is not text")
        yield number, text.removesuffix("\n").removesuffix("\r")
