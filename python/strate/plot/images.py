from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from strate.plot.figure import INK, RED
from strate.plot.grid import as_pictures, check_columns, new_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def images(
    images,
    labels=None,
    predictions=None,
    *,
    columns: int = 10,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """A grid of images; what the model took for something else stands in a red frame (lecture, p. 75).

    Above each image is its class: the predicted one if there are predictions, "7, not 1" where it is wrong.

    Args:
        images: in [0, 1], or uint8; drawn dark on light if they have one channel.
        labels: the true classes. Default: nothing is marked as wrong.
        predictions: classes, or probabilities as `predict` gives them.
        columns: images in a row.
        class_names: written instead of the numbers of the classes.
    Shapes:
        images (N, H, W), (N, H, W, 1) or (N, H, W, 3), labels (N,), predictions (N,) or (N, classes)
    Raises:
        ValueError: shapes that do not match, or no images.
        ImportError: matplotlib is not installed.

    >>> (x, y), _ = st.data.digits()
    >>> figure = st.plot.images(x[:20], y[:20], y[:20])
    >>> len(figure.axes)
    20
    """
    pictures = as_pictures(images, "plot.images")
    truth = _classes(labels, len(pictures), "labels")
    guesses = _classes(predictions, len(pictures), "predictions")
    has_captions = truth is not None or guesses is not None
    figure, cells = new_grid(
        len(pictures), check_columns(columns, "plot.images"), 0.62, 0.17 if has_captions else 0
    )
    for place, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
        _show(cell, picture)
        _caption(cell, truth and truth[place], guesses and guesses[place], class_names)
    return figure


def _classes(values, count: int, what: str) -> list[int] | None:
    if values is None:
        return None
    values = np.asarray(values)
    classes = values.argmax(-1) if values.ndim == 2 and values.shape[1] > 0 else values
    if classes.shape != (count,) or classes.dtype.kind not in "iu":
        raise ValueError(
            f"[plot.images] {what} are one class an image (or a row of probabilities); "
            f"got {what} {values.shape} {values.dtype} for {count} images"
        )
    return classes.tolist()


def _show(cell: Axes, picture: np.ndarray) -> None:
    if picture.shape[-1] == 1:
        cell.imshow(picture[..., 0], cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    else:
        cell.imshow(picture.clip(0, 1), interpolation="nearest")


def _caption(cell: Axes, truth: int | None, guess: int | None, class_names: Sequence[str] | None) -> None:
    def name(label: int) -> str:
        return str(label) if class_names is None else class_names[label]

    if truth is None and guess is None:
        return
    is_wrong = truth is not None and guess is not None and truth != guess
    text = f"{name(guess)}, not {name(truth)}" if is_wrong else name(truth if guess is None else guess)
    cell.set_title(text, fontsize=7, color=RED if is_wrong else INK, pad=2)
    if is_wrong:
        cell.spines[:].set(visible=True, color=RED, linewidth=1.4)
