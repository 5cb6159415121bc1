"""MNIST and Fashion-MNIST: the facts of the real files, where they are looked for, what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from strate.data import CLASS_NAMES, fashion_mnist, mnist
from strate.data.folders import cache_folder
from strate.data.mnist import read_pair
from strate.data.sources import FASHION_MNIST, MNIST

FACTS = {
    "mnist": {
        "mean_std": ((0.1307, 0.3081), (0.1325, 0.3105)),
        "in_class": (
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        ),
        "first": ([5, 0, 4, 1, 9, 2, 1, 3, 1, 4], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
    },
    "fashion-mnist": {
        "mean_std": ((0.2860, 0.3530), (0.2868, 0.3524)),
        "in_class": ([6000] * 10, [1000] * 10),
        "first": ([9, 0, 0, 3, 0, 2, 7, 2, 5, 5], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]),
    },
}
LOADERS = {"mnist": mnist, "fashion-mnist": fashion_mnist}


@pytest.mark.parametrize("name", FACTS)
def test_facts_of_the_real_files(test_data, name):
    facts = FACTS[name]
    for part, (x, y) in enumerate(LOADERS[name](test_data / name)):
        count = (60_000, 10_000)[part]
        assert x.shape == (count, 28, 28, 1) and x.dtype == np.float32
        assert y.shape == (count,) and y.dtype == np.int64
        assert x.min() == 0 and x.max() == 1
        mean, std = facts["mean_std"][part]
        assert abs(x.mean(dtype=np.float64) - mean) < 5.1e-5
        assert abs(x.std(dtype=np.float64) - std) < 5.1e-5
        assert np.bincount(y).tolist() == facts["in_class"][part]
        assert y[:10].tolist() == facts["first"][part]
    assert len(CLASS_NAMES[name]) == 10


def test_bytes_of_the_real_files(test_data):
    (_, _), (x, y) = mnist(test_data / "mnist")
    (_, _), (stored, labels) = mnist(test_data / "mnist", dtype="uint8")
    assert stored.dtype == np.uint8 and labels.dtype == np.int64 and np.array_equal(y, labels)
    assert np.array_equal(x, stored.astype(np.float32) / np.float32(255))


def test_one_real_set_is_not_taken_for_the_other(test_data):
    with pytest.raises(
        ValueError, match=r"train-labels.*: these are the labels of mnist, not of fashion-mnist"
    ):
        fashion_mnist(test_data / "mnist")
    with pytest.raises(ValueError, match="these are the labels of fashion-mnist, not of mnist"):
        mnist(test_data / "fashion-mnist")


def idx(values: np.ndarray) -> bytes:
    sizes = b"".join(n.to_bytes(4, "big") for n in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes()


def put_files(folder: Path, pixel: int = 0, packed: bool = True, labels=range(10)) -> Path:
    """A small data set of its own, told from others by the value of its pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.array(labels)
    contents = {"images": idx(np.full((len(labels), 28, 28), pixel)), "labels": idx(labels)}
    for role, file in MNIST.files.items():
        content = contents[role.split("_")[1]]
        name = file.name if packed else file.name.removesuffix(".gz")
        (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A user with an empty cache and no STRATE_DATA."""
    monkeypatch.delenv("STRATE_DATA", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def pixel_of(parts) -> int:
    return int(parts[0][0][0, 0, 0, 0])


@pytest.mark.parametrize("packed", [True, False])
def test_a_named_folder_or_the_one_above_it(home, packed):
    put_files(home / "mnist", 3, packed)
    for folder in (home / "mnist", home, str(home)):
        assert pixel_of(mnist(folder, dtype="uint8")) == 3


def test_the_order_of_places(home, monkeypatch):
    put_files(home / "cache" / "strate" / "mnist", 1)
    assert pixel_of(mnist(dtype="uint8")) == 1
    monkeypatch.setenv("STRATE_DATA", str(home / "sets"))
    assert pixel_of(mnist(dtype="uint8")) == 1  # named, but without this data set
    put_files(home / "sets", 2)
    assert pixel_of(mnist(dtype="uint8")) == 2
    put_files(home / "sets" / "mnist", 3)
    assert pixel_of(mnist(dtype="uint8")) == 3
    assert pixel_of(mnist(put_files(home / "mine", 4), dtype="uint8")) == 4
    with pytest.raises(FileNotFoundError):  # who names a folder means that folder
        mnist(home / "elsewhere")


def test_fashion_mnist_has_its_own_subfolder(home, monkeypatch):
    put_files(home / "fashion-mnist", 5)
    put_files(home / "mnist", 6)
    monkeypatch.setenv("STRATE_DATA", str(home))
    assert pixel_of(fashion_mnist(dtype="uint8")) == 5
    assert pixel_of(mnist(dtype="uint8")) == 6


def test_the_error_says_which_files_to_put_where(home):
    with pytest.raises(FileNotFoundError) as error:
        mnist()
    message = str(error.value)
    for file in MNIST.files.values():
        assert file.name in message
    assert str(home / "cache" / "strate" / "mnist") in message
    assert "data_dir=" in message and "STRATE_DATA" in message and "download=True" in message
    assert "\n" not in message


def test_the_error_says_what_a_half_filled_folder_lacks(home):
    folder = put_files(home / "mnist")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"mnist \(lacks t10k-labels-idx1-ubyte\.gz\)"):
        mnist(folder)


@pytest.mark.parametrize(
    "platform, variable, expected",
    [
        ("linux", "XDG_CACHE_HOME", "{base}/strate"),
        ("win32", "LOCALAPPDATA", "{base}/strate/Cache"),
        ("darwin", None, "{home}/Library/Caches/strate"),
        ("linux", None, "{home}/.cache/strate"),
    ],
)
def test_the_cache_follows_the_platform(tmp_path, monkeypatch, platform, variable, expected):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "base"))
    assert cache_folder() == Path(expected.format(base=tmp_path / "base", home=tmp_path / "home"))


def test_a_relative_cache_is_ignored(tmp_path, monkeypatch):
    """The XDG rules say so: it would be another cache in every folder."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert cache_folder() == tmp_path / ".cache" / "strate"


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (np.zeros((3, 28, 28)), np.zeros(4), "4 labels for the 3 images"),
        (np.zeros((3, 28, 27)), np.zeros(3), "images are Nx28x28 bytes; got 3x28x27, uint8"),
        (np.zeros(3), np.zeros(3), "images are Nx28x28 bytes; got 3, uint8"),
        (np.zeros((3, 28, 28)), np.zeros((3, 1)), "labels are N bytes; got 3x1, uint8"),
        (np.zeros((3, 28, 28)), np.array([0, 10, 11]), "labels are 0 to 9; got 10 in row 1"),
    ],
)
def test_images_and_labels_must_agree(tmp_path, images, labels, message):
    (tmp_path / "images").write_bytes(idx(images))
    (tmp_path / "labels").write_bytes(idx(labels))
    with pytest.raises(ValueError, match=message) as error:
        read_pair(tmp_path / "images", tmp_path / "labels")
    assert str(tmp_path) in str(error.value)


def test_another_dtype_is_refused():
    with pytest.raises(ValueError, match=r'\[mnist\] dtype is "float32" or "uint8"; got \'int8\''):
        mnist(dtype="int8")


def test_every_source_has_two_mirrors_and_four_checksums():
    for source in (MNIST, FASHION_MNIST):
        assert len(source.mirrors) >= 2 and all(mirror.endswith("/") for mirror in source.mirrors)
        assert len({file.sha256 for file in source.files.values()}) == 4
        assert all(len(file.sha256) == 64 for file in source.files.values())
