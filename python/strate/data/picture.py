"""From a picture of one thing, a digit or a garment, to an image like those that a network was trained on."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Literal

import numpy as np

from strate.data.placing import cut_out, like_digits, like_fashion_mnist, like_mnist
from strate.data.resize import resize

if TYPE_CHECKING:
    from PIL.Image import Image

LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601
LIKE = ("mnist", "digits", "fashion-mnist")
MIN_CONTRAST = 0.05
FAINTEST_INK = 0.02
FIVE_SIGMA = 5 * 1.4826  # of normal noise, from its median absolute deviation


def prepare_picture(
    picture: str | os.PathLike[str] | Image | np.ndarray,
    like: Literal["mnist", "digits", "fashion-mnist"] = "mnist",
    size: int | tuple[int, int] = 28,
) -> np.ndarray:
    """Turns a picture of one digit, or of one garment, into an image like those of a data set.

    1. Grey: 0.299 R + 0.587 G + 0.114 B; what is transparent shows white paper (black if all would be white).
    2. Light on dark: the paper is the median of the picture's border; if it is lighter than the middle of the
       range, the picture is inverted. Paper becomes 0, the strongest ink 1. What is fainter than the
       grain of the paper (7.4 median absolute deviations of the border, at least 0.02) becomes paper.
    3. The thing is cut out: the smallest box around all ink.
    4. `like="mnist"`: scaled without distortion to fit 20x20, placed in 28x28 with its centre of mass in the
       centre of the pixel (14, 14), as in MNIST. `like="digits"`: what was done to the embedded digits: made
       upright, 32 dots high, strokes brought to one thickness, counted in 8x8 blocks (`like_digits`).
       `like="fashion-mnist"`: scaled without distortion to all of `size`, in its middle, as in Fashion-MNIST.
    5. Resampled to `size`, if that is another one.

    Args:
        picture: a path, a Pillow image, or an array (H, W) or (H, W, 1 to 4): bool, uint8, uint16 or floats
            in [0, 1]; two or four channels end in opacity.
        like: the data set that the network was trained on.
        size: the side in pixels of the image that the network takes, or (height, width).
    Shapes:
        float32 (height, width, 1) in [0, 1]
    Raises:
        ValueError: not a picture, or nothing is drawn on it.
        ImportError: a path needs Pillow, which is not installed.

    >>> from strate.data import prepare_picture
    >>> import numpy as np
    >>> page = np.full((200, 100), 255, np.uint8)
    >>> page[50:150, 45:55] = 0
    >>> image = prepare_picture(page)
    >>> image.shape, int((image > 0.5).any(axis=(1, 2)).sum()), int((image > 0.5).any(axis=(0, 2)).sum())
    ((28, 28, 1), 20, 2)
    """
    if like not in LIKE:
        raise ValueError(f"[prepare_picture] like is one of {', '.join(LIKE)}; got {like!r}")
    if isinstance(picture, (str, os.PathLike)):
        pixels = _read(picture)
    else:
        pixels = _pixels(picture) if hasattr(picture, "convert") else np.asarray(picture)
    thing = cut_out(_ink(_grey(pixels)))
    if like == "fashion-mnist":
        image = like_fashion_mnist(thing, size)
    else:
        image = like_mnist(thing) if like == "mnist" else like_digits(thing)
    return np.clip(resize(image[np.newaxis, :, :, np.newaxis], size)[0], 0, 1)


def _read(path: str | os.PathLike[str]) -> np.ndarray:
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError('reading pictures needs Pillow: pip install "strate[image]"') from error
    try:
        with Image.open(path) as image:
            return _pixels(ImageOps.exif_transpose(image))
    except OSError as error:
        if error.errno is not None:  # the file system's, not Pillow's
            raise
        raise ValueError(f"{os.fspath(path)}: not a picture that Pillow can read ({error})") from error
    except (Image.DecompressionBombError, SyntaxError, EOFError, struct.error) as error:
        raise ValueError(f"{os.fspath(path)}: not a picture that Pillow can read ({error})") from error


def _pixels(image: Image) -> np.ndarray:
    """A Pillow image as an array of grey or colour, with opacity where it has some."""
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    return np.asarray(image)


def _grey(pixels: np.ndarray) -> np.ndarray:
    """float32 (H, W) in [0, 1] from any of the accepted arrays."""
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4 or 0 in pixels.shape:
        raise ValueError(f"[prepare_picture] a picture is (H, W) or (H, W, 1 to 4); got shape {pixels.shape}")
    x = _unit_range(pixels)
    has_opacity = x.shape[2] in (2, 4)
    colours = x[..., :-1] if has_opacity else x
    grey = colours[..., 0] if colours.shape[2] == 1 else colours @ np.array(LUMINANCE, np.float32)
    if not has_opacity:
        return grey
    opacity = x[..., -1]
    on_white = grey * opacity + (1 - opacity)
    return on_white if np.ptp(on_white) > MIN_CONTRAST else grey * opacity


def _unit_range(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == bool:
        return pixels.astype(np.float32)
    if pixels.dtype in (np.uint8, np.uint16):
        return np.divide(pixels, np.iinfo(pixels.dtype).max, dtype=np.float32)
    if pixels.dtype.kind == "f" and pixels.min() >= 0 and pixels.max() <= 1:
        return pixels.astype(np.float32)
    raise ValueError(
        f"[prepare_picture] pixels are bool, uint8, uint16 or floats in [0, 1]; "
        f"got {pixels.dtype} from {pixels.min()} to {pixels.max()}"
    )


def _ink(grey: np.ndarray) -> np.ndarray:
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = np.median(border)
    low, high = grey.min(), grey.max()
    if high - low < MIN_CONTRAST:
        raise ValueError("[prepare_picture] nothing is drawn on the picture: all its pixels are alike")
    strength = paper - grey if paper > (low + high) / 2 else grey - paper
    grain = FIVE_SIGMA * np.median(np.abs(border - paper)) / strength.max()
    strength = np.clip(strength / strength.max(), 0, 1)
    return np.where(strength < np.clip(grain, FAINTEST_INK, 0.5), 0, strength).astype(np.float32)
