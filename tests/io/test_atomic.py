"""Replacing a file: the old content or the new, whatever happens in between."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import strate.io.atomic
from strate.io.atomic import replacing


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(params=[None, b"old"], ids=["new file", "old file"])
def target(tmp_path, request) -> Path:
    path = tmp_path / "model"
    if request.param:
        path.write_bytes(request.param)
    return path


def test_the_new_content_appears_at_the_end_and_not_before(target):
    before = contents(target.parent).get("model")
    with replacing(target) as file:
        file.write(b"new")
        file.flush()
        assert contents(target.parent).get("model") == before
        assert Path(file.name).parent == target.parent
    assert contents(target.parent) == {"model": b"new"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_leaves_what_was_there(target, error):
    before = contents(target.parent)
    with pytest.raises(error), replacing(target) as file:
        file.write(b"half")
        raise error
    assert contents(target.parent) == before


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_error_of_the_system_leaves_what_was_there(target, monkeypatch, call):
    before = contents(target.parent)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(strate.io.atomic.os, call, full)
    with pytest.raises(OSError, match="No space left"), replacing(target) as file:
        file.write(b"new")
    assert contents(target.parent) == before


def test_content_is_synced_before_the_rename_and_the_folder_after(target, monkeypatch):
    calls = []

    def record(name):
        original = getattr(os, name)

        def call(first, *rest):
            is_folder = name == "fsync" and stat.S_ISDIR(os.fstat(first).st_mode)
            calls.append("sync folder" if is_folder else name)
            return original(first, *rest)

        monkeypatch.setattr(strate.io.atomic.os, name, call)

    record("fsync")
    record("replace")
    with replacing(target) as file:
        file.write(b"new")
    assert calls == ["fsync", "replace", "sync folder"]


def test_a_file_system_without_folder_sync_is_accepted(target, monkeypatch):
    original = os.fsync

    def fsync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        original(handle)

    monkeypatch.setattr(strate.io.atomic.os, "fsync", fsync)
    with replacing(target) as file:
        file.write(b"new")
    assert contents(target.parent) == {"model": b"new"}


FULL_DISK = """
import resource, signal, sys
from strate.io.atomic import replacing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with replacing(sys.argv[1]) as file:
        for _ in range(100):
            file.write(bytes(10_000))
except OSError as error:
    print(error)
    sys.exit(error.errno)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_write_that_really_fails(target):
    """The kernel refuses bytes beyond a limit, as it does on a full disk: the same path through write(2)."""
    before = contents(target.parent)
    command = [sys.executable, "-c", FULL_DISK, str(target)]
    done = subprocess.run(command, env=_environment(), check=False, capture_output=True, text=True)
    assert done.returncode == errno.EFBIG
    assert str(target) in done.stdout
    assert contents(target.parent) == before


KILLED = """
import os, sys
from strate.io.atomic import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    os._exit(9)
"""


def test_a_killed_process_leaves_the_old_file(target):
    before = contents(target.parent).get("model")
    subprocess.run([sys.executable, "-c", KILLED, str(target)], env=_environment(), check=False)
    assert contents(target.parent).get("model") == before


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "model").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real" / "model")
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink() and contents(tmp_path / "real") == {"model": b"new"}


def test_the_usual_permissions(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    with replacing(tmp_path / "model") as file:
        file.write(b"new")
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_long_name(tmp_path):
    """The longest name that a folder takes leaves no room for a suffix."""
    path = tmp_path / ("m" * 255)
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_errors_name_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError) as error, replacing(tmp_path / "nowhere" / "model"):
        pass
    assert error.value.filename == str(tmp_path / "nowhere" / "model")
    with pytest.raises(IsADirectoryError), replacing(tmp_path):
        pass
    assert contents(tmp_path) == {}
