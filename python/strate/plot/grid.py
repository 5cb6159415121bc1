"""Many small pictures in rows."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from strate.plot.figure import bare, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def new_grid(count: int, columns: int, side: float, caption: float = 0.0) -> tuple[Figure, list[Axes]]:
    """A figure with `count` bare axes, filled row by row.

    Args:
        side: of one picture in inches.
        caption: height kept above each picture in inches.
    """
    columns = min(columns, count)
    rows = ceil(count / columns)
    figure = new_figure(columns * side, rows * (side + caption))
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in cells[count:]:
        unused.remove()
    for cell in cells[:count]:
        bare(cell)
    return figure, list(cells[:count])


def as_pictures(images, what: str) -> np.ndarray:
    """Images as float32 (N, H, W, 1 or 3), uint8 scaled by 1/255.

    Raises:
        ValueError: another shape, or no images.
    """
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
        raise ValueError(
            f"[{what}] images are (N, H, W) or (N, H, W, 1 or 3), at least one; got {images.shape}"
        )
    return images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1)


def check_columns(columns: int, what: str) -> int:
    """`columns` if it is at least one."""
    if columns < 1:
        raise ValueError(f"[{what}] columns is at least 1; got columns={columns}")
    return columns
