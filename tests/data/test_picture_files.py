"""Preparing a picture that Pillow reads: modes, formats, damage."""

from __future__ import annotations

import io
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from strate.data import prepare_picture

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed (strate[image])")


def page() -> np.ndarray:
    """An L, drawn off centre: 60 high, 30 wide, strokes of 10."""
    picture = np.zeros((120, 90))
    picture[20:80, 10:20] = 1
    picture[70:80, 10:40] = 1
    return picture


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_modes(mode):
    grey = Image.fromarray(np.rint(page() * 255).astype(np.uint8))
    image = (grey.convert("RGB") if mode in ("P", "CMYK") else grey).convert(mode)
    assert np.allclose(prepare_picture(image), prepare_picture(page()), atol=1e-2)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".tiff"])
def test_files(tmp_path, suffix):
    path = tmp_path / f"digit{suffix}"
    Image.fromarray(np.rint(page() * 255).astype(np.uint8)).save(path)
    assert np.allclose(prepare_picture(path), prepare_picture(page()), atol=1e-6)
    assert np.allclose(prepare_picture(str(path)), prepare_picture(page()), atol=1e-6)


def test_a_png_of_16_bits(tmp_path):
    Image.fromarray(np.rint(page() * 65535).astype(np.uint16)).save(tmp_path / "deep.png")
    assert np.allclose(prepare_picture(tmp_path / "deep.png"), prepare_picture(page()), atol=1e-6)


def test_photographs_are_turned_as_the_camera_says(tmp_path):
    turned = Image.fromarray(np.rint(np.rot90(page()) * 255).astype(np.uint8))
    exif = turned.getexif()
    exif[0x0112] = 6  # turn clockwise to show
    turned.save(tmp_path / "photo.png", exif=exif)
    assert np.allclose(prepare_picture(tmp_path / "photo.png"), prepare_picture(page()), atol=1e-6)


def test_missing_files_and_other_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        prepare_picture(tmp_path / "nothing.png")
    (tmp_path / "text.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"text\.png: not a picture that Pillow can read"):
        prepare_picture(tmp_path / "text.png")


@settings(max_examples=150)
@given(place=some.integers(0, 10**6), change=some.integers(1, 255), end=some.integers(1, 400) | some.none())
def test_damaged_files(tmp_path_factory, place, change, end):
    buffer = io.BytesIO()
    Image.fromarray(np.rint(page() * 255).astype(np.uint8)).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    content[place % len(content)] ^= change
    path = tmp_path_factory.getbasetemp() / "damaged.png"
    path.write_bytes(content[:end])
    with suppress(ValueError):
        assert prepare_picture(path).shape == (28, 28, 1)


def test_without_pillow_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r'pip install "strate\[image\]"'):
        prepare_picture(tmp_path / "digit.png")
    assert prepare_picture(page()).shape == (28, 28, 1)
