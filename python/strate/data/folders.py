"""Finding the files of a data set on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from strate.data.sources import Source


def find_files(
    source: Source, data_dir: str | os.PathLike[str] | None, may_download: bool
) -> dict[str, Path]:
    """The four files of a data set, by role ("train_images", ...).

    Looked for in `data_dir`; without it in the folder that the environment variable STRATE_DATA names, then
    in the user's cache. In each, in the subfolder with the data set's name first, then in the folder itself.
    A file may be there compressed (NAME.gz) or not (NAME).

    Raises:
        FileNotFoundError: not found and not to be downloaded; the message says which files to put where.
    """
    folders = candidate_folders((source.name,), data_dir)
    for folder in folders:
        found = _present(source, folder)
        if len(found) == len(source.files):
            return found
    home = folders[0]
    if not may_download:
        raise FileNotFoundError(_what_to_put_where(source, home, folders))
    from strate.data.download import download

    download(source, home)
    return _present(source, home)


def candidate_folders(names: Sequence[str], data_dir: str | os.PathLike[str] | None) -> list[Path]:
    """Folders that may hold a data set, best first; the first is where its files should be put.

    Args:
        names: what the data set's own folder may be called.
        data_dir: the folder that the user named. Default: STRATE_DATA's, then the user's cache.
    """
    folders: list[Path] = []
    for root in _roots(data_dir):
        folders += [root] if root.name in names else [*(root / name for name in names), root]
    if data_dir is None and len(folders) > 1:
        folders.pop()  # the cache has one folder per data set and nothing beside them
    return folders


def cache_folder() -> Path:
    """Where this user's cache of strate lies, by the platform's convention."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "strate" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "strate"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "strate"


def _roots(data_dir: str | os.PathLike[str] | None) -> list[Path]:
    if data_dir is not None:
        return [Path(data_dir).expanduser()]
    named = os.environ.get("STRATE_DATA")
    return [*([Path(named).expanduser()] if named else []), cache_folder()]


def _present(source: Source, folder: Path) -> dict[str, Path]:
    found = {}
    for role, file in source.files.items():
        for name in (file.name, file.name.removesuffix(".gz")):
            if (folder / name).is_file():
                found[role] = folder / name
                break
    return found


def _what_to_put_where(source: Source, home: Path, folders: list[Path]) -> str:
    looked = []
    for folder in folders:
        found = _present(source, folder)
        lacks = [file.name for role, file in source.files.items() if role not in found]
        looked.append(f"{folder} (lacks {', '.join(lacks)})" if found else str(folder))
    names = ", ".join(file.name for file in source.files.values())
    return (
        f"{source.name}: put {names} (compressed or not) in {home}, or name their folder with data_dir= or "
        f"the environment variable STRATE_DATA, or pass download=True; looked in {', '.join(looked)}"
    )
