"""The handwritten digits that come with the library."""

from __future__ import annotations

from typing import Literal

import numpy as np

from strate.data.idx import read_idx

Split = tuple[np.ndarray, np.ndarray]
PixelType = Literal["float32", "uint8"]


def digits(*, dtype: PixelType = "float32") -> tuple[Split, Split]:
    """The 1 797 handwritten digits of the UCI repository, 8x8 pixels, embedded in the package.

    Thirteen people wrote them; each pixel counts the ink in a block of 4x4 dots, 0 to 16, and a digit fills
    its image from top to bottom. The split is fixed and stratified: with the images sorted by label (and
    otherwise in their published order), every fifth, from the first on, is a test image. The
    writers are not kept apart.

    Args:
        dtype: "float32", count / 16 in [0, 1], or "uint8", count * 255 / 16 rounded.
    Shapes:
        (x_train (1437, 8, 8, 1), y_train (1437,)), (x_test (360, 8, 8, 1), y_test (360,)); labels int64
    Raises:
        ValueError: another dtype.
    Source:
        E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
        https://archive.ics.uci.edu/dataset/80, CC BY 4.0 (see digits.LICENSE.txt).

    >>> from strate.data import digits
    >>> (x_train, y_train), (x_test, y_test) = digits()
    >>> x_train.shape, x_test.shape, float(x_train.max())
    ((1437, 8, 8, 1), (360, 8, 8, 1), 1.0)
    """
    if dtype not in ("float32", "uint8"):
        raise ValueError(f'[digits] dtype is "float32" or "uint8"; got {dtype!r}')
    from importlib import resources  # costs as much as the rest of the package's import

    with resources.as_file(resources.files(__package__).joinpath("digits.idx.gz")) as path:
        table = read_idx(path)
    counts = table[:, :64].reshape(-1, 8, 8, 1)
    if dtype == "float32":
        images = counts.astype(np.float32) / np.float32(16)
    else:
        images = np.rint(counts * (255 / 16)).astype(np.uint8)
    labels = table[:, 64].astype(np.int64)
    train, test = _split(labels)
    return (images[train], labels[train]), (images[test], labels[test])


def _split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training and the test images, both in the published order."""
    is_test = np.zeros(len(labels), bool)
    is_test[np.argsort(labels, kind="stable")[::5]] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)
