"""Downloads from a server on this machine: mirrors that fail, lie, or send too much; full disks; no pooch."""

from __future__ import annotations

import errno
import gzip
import hashlib
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from strate.data.download import download
from strate.data.mnist import load
from strate.data.sources import MNIST, File

pytest.importorskip("pooch", reason="downloads need pooch (strate[download])")


def idx(values: np.ndarray) -> bytes:
    sizes = b"".join(n.to_bytes(4, "big") for n in values.shape)
    return gzip.compress(bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes(), mtime=0)


CONTENT = {
    "train-images-idx3-ubyte.gz": idx(np.full((10, 28, 28), 7)),
    "train-labels-idx1-ubyte.gz": idx(np.arange(10)),
    "t10k-images-idx3-ubyte.gz": idx(np.full((3, 28, 28), 9)),
    "t10k-labels-idx1-ubyte.gz": idx(np.arange(3)),
}


class Handler(BaseHTTPRequestHandler):
    """/good serves the files, the others misbehave in the way that they are called."""

    def do_GET(self):
        mirror, name = self.path.strip("/").split("/")
        self.server.asked.append(self.path)
        body = CONTENT[name]
        if mirror == "missing":
            self.send_error(404)
            return
        if mirror == "wrong":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if mirror == "page":
            body = b"<html>captive portal</html>"
        if mirror == "endless":
            body = body * 50
        self.send_response(200)
        self.send_header("Content-Type", "application/gzip")
        if mirror == "unpacking" and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body[: len(body) // 2] if mirror == "short" else body)
        except ConnectionError:  # the client has hung up, as it should on what is too long
            self.close_connection = True

    def log_message(self, *_):
        """A test prints nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def source(server, *mirrors: str):
    files = {
        role: File(file.name, len(CONTENT[file.name]), hashlib.sha256(CONTENT[file.name]).hexdigest())
        for role, file in MNIST.files.items()
    }
    base = f"http://127.0.0.1:{server.server_port}"
    return replace(MNIST, files=files, mirrors=tuple(f"{base}/{mirror}/" for mirror in mirrors))


def held(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("first", ["missing", "wrong", "page", "endless", "short"])
def test_the_second_mirror_is_asked_when_the_first_fails(server, tmp_path, first):
    download(source(server, first, "good"), tmp_path)
    assert held(tmp_path) == CONTENT
    assert len(server.asked) == 8


def test_the_first_mirror_is_enough(server, tmp_path):
    download(source(server, "good", "missing"), tmp_path)
    assert held(tmp_path) == CONTENT and len(server.asked) == 4


def test_an_unreachable_host_is_passed_over(server, tmp_path):
    good = source(server, "good")
    download(replace(good, mirrors=("http://127.0.0.1:9/", *good.mirrors)), tmp_path)
    assert held(tmp_path) == CONTENT


def test_files_are_taken_as_stored(server, tmp_path):
    """A server may declare .gz files as an encoding, to be unpacked on arrival; we ask it not to."""
    download(source(server, "unpacking"), tmp_path)
    assert held(tmp_path) == CONTENT


def test_when_no_mirror_helps_each_reason_is_given_and_nothing_is_left(server, tmp_path):
    with pytest.raises(ConnectionError) as error:
        download(source(server, "missing", "wrong", "endless", "short"), tmp_path)
    message = str(error.value)
    assert "404" in message and "sha256" in message and "more than the" in message
    assert str(tmp_path) in message and "train-images-idx3-ubyte.gz" in message
    assert held(tmp_path) == {}


def test_only_what_is_missing_is_fetched(server, tmp_path):
    name = "train-images-idx3-ubyte.gz"
    (tmp_path / name).write_bytes(CONTENT[name])
    download(source(server, "good"), tmp_path)
    assert held(tmp_path) == CONTENT
    assert len(server.asked) == 3 and f"/good/{name}" not in server.asked


def test_a_full_disk_is_not_the_mirrors_fault(server, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as error:
        download(source(server, "good", "good"), tmp_path)
    assert error.value.errno == errno.ENOSPC
    assert held(tmp_path) == {} and len(server.asked) == 1


def test_from_nothing_to_arrays_and_then_without_the_server(server, tmp_path):
    mnist = source(server, "missing", "good")
    for asked in (8, 8):
        (x_train, y_train), (x_test, y_test) = load(mnist, tmp_path, True, "uint8")
        assert x_train.shape == (10, 28, 28, 1) and x_train.max() == 7 and x_test.min() == 9
        assert y_train.tolist() == list(range(10)) and y_test.tolist() == [0, 1, 2]
        assert len(server.asked) == asked
    assert held(tmp_path / "mnist") == CONTENT


def test_a_folder_that_has_the_name_already_is_not_nested(server, tmp_path):
    load(source(server, "good"), tmp_path / "mnist", True, "uint8")
    assert held(tmp_path / "mnist") == CONTENT


def test_nothing_is_downloaded_unasked(server, tmp_path):
    with pytest.raises(FileNotFoundError):
        load(source(server, "good"), tmp_path, False, "uint8")
    assert server.asked == [] and held(tmp_path) == {}


def test_nothing_is_printed(server, tmp_path, capfd):
    download(source(server, "wrong", "good"), tmp_path)
    assert capfd.readouterr() == ("", "")


def test_without_pooch_the_error_says_what_to_install(server, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pip install "strate\[download\]"'):
        download(source(server, "good"), tmp_path)
