from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from strate.plot.grid import check_columns, new_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from strate.layers import Layer


def filters(layer: Layer, *, shape: tuple[int, int, int] | None = None, columns: int = 8) -> Figure:
    """What each neuron of a first layer looks for: its weights, drawn as images (lecture, p. 77).

    Filters over three channels are drawn in colour, each stretched to its own range. Otherwise each
    channel is a picture of its own, a row for each filter if there are several: red pulls the
    output up, blue down, white is zero, on one scale for all.

    Args:
        layer: with a `weight`: a Conv2D, or a Dense together with `shape`.
        shape: (height, width, channels) of the images that a Dense layer sees flattened.
        columns: filters in a row.
    Raises:
        ValueError: weights that are not those of images.
        ImportError: matplotlib is not installed.

    >>> model = st.zoo.lenet5(seed=0)
    >>> len(st.plot.filters(model.layers[0]).axes)
    6
    """
    kernels = _kernels(layer, shape)
    count, _, _, channels = kernels.shape
    check_columns(columns, "plot.filters")
    if channels == 3:
        figure, cells = new_grid(count, columns, 0.8)
        for cell, kernel in zip(cells, kernels, strict=True):
            cell.imshow(_stretched(kernel), interpolation="nearest")
        return figure
    figure, cells = new_grid(count * channels, columns if channels == 1 else channels, 0.8)
    largest = float(np.abs(kernels).max()) or 1.0
    for cell, plane in zip(cells, np.moveaxis(kernels, 3, 1).reshape(-1, *kernels.shape[1:3]), strict=True):
        cell.imshow(plane, cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest")
    return figure


def _kernels(layer: Layer, shape: tuple[int, int, int] | None) -> np.ndarray:
    weight = getattr(layer, "weight", None)
    if weight is None:
        raise ValueError(
            f"[plot.filters] a layer with weights is needed, such as Conv2D; got {type(layer).__name__}"
        )
    kernels = np.asarray(weight)
    if shape is not None:
        if kernels.ndim != 2 or len(shape) != 3 or kernels.shape[1] != np.prod(shape):
            raise ValueError(
                f"[plot.filters] weights of shape {kernels.shape} are not images of shape {shape}"
            )
        kernels = kernels.reshape(-1, *shape)
    if kernels.ndim != 4:
        raise ValueError(
            f"[plot.filters] weights are (filters, height, width, channels); got {kernels.shape}: "
            "for a Dense layer pass shape=(height, width, channels)"
        )
    return kernels


def _stretched(kernel: np.ndarray) -> np.ndarray:
    low, high = kernel.min(), kernel.max()
    return (kernel - low) / (high - low) if high > low else np.full_like(kernel, 0.5)
