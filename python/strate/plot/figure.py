"""Figures without global state: nothing here needs a display, and nothing stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2933"
FAINT = "#d5dae0"
BLUE = "#2563a8"
ORANGE = "#d9730d"
RED = "#c81e3a"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure.

    Args:
        width, height: in inches.
    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('drawing needs matplotlib: pip install "strate[plot]"') from error
    return Figure(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")


def plain(axes: Axes) -> None:
    """Two thin axes and a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.grid(True, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)


def bare(axes: Axes) -> None:
    """No ticks and no frame: the axes of a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
