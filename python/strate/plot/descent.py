from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from strate.plot.figure import BLUE, FAINT, INK, ORANGE, RED, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from strate.descent import Descent
    from strate.descent.line import Function

COLOURS = (BLUE, ORANGE, RED, "#2f855a", "#6b46c1", INK)
GRID = 121  # places along each axis at which f is evaluated
LEVELS = 22
LOWEST = 1e-4  # of the range of J: height of the first level curve above the lowest value


def descent(
    f: Function,
    descents: Descent | Iterable[Descent] | Mapping[str, Descent],
    *,
    window: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> Figure:
    """The paths of gradient descent over the level curves of a function of two numbers (lecture, p. 34-38).

    A ring is drawn at the start of each path, a disc where it converged, a cross where something else ended
    it. Level curves are closer to each other near the lowest value than a linear scale would have them.

    Args:
        f: f(theta) -> (J, grad J), with theta of two numbers.
        descents: what `minimize` returned, one or several; with names, in a dictionary, for a legend.
        window: ((left, right), (bottom, top)). Default: all theta_k with a J of at most J(theta_0), and a
            margin; so a path that diverges leaves the picture.
    Raises:
        ValueError: no descent, one without a path, or theta of other than two numbers.
        ImportError: matplotlib is not installed.

    >>> f = st.functions.Quadratic([1, 10])
    >>> paths = {f"step {mu}": st.minimize(f, [10, 2], step=mu, max_iterations=20) for mu in (0.02, 0.18)}
    >>> figure = st.plot.descent(f, paths)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['step 0.02', 'step 0.18']
    """
    named = _named(descents)
    (left, right), (bottom, top) = window or _window([result for _, result in named])
    ratio = (top - bottom) / (right - left)
    to_scale = 0.25 <= ratio <= 4  # then gradients are seen to be orthogonal to level curves
    figure = new_figure(6.0, min(5.4 * ratio + 0.5, 7.0) if to_scale else 4.6)
    axes = figure.subplots()
    plain(axes)
    axes.grid(False)
    _level_curves(axes, f, np.linspace(left, right, GRID), np.linspace(bottom, top, GRID))
    for place, (name, result) in enumerate(named):
        _path(axes, result, name, COLOURS[place % len(COLOURS)])
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    if to_scale:
        axes.set_aspect("equal")
    axes.set_xlabel("theta 1", color=INK, fontsize=9)
    axes.set_ylabel("theta 2", color=INK, fontsize=9)
    if any(name is not None for name, _ in named):
        axes.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=9, labelcolor=INK)
    return figure


def _named(descents) -> list[tuple[str | None, Descent]]:
    if isinstance(descents, Mapping):
        named = list(descents.items())
    else:
        named = [(None, result) for result in ([descents] if hasattr(descents, "path") else descents)]
    if not named:
        raise ValueError("[plot.descent] there is no descent to draw")
    for _, result in named:
        if len(result.theta) != 2:
            raise ValueError(f"[plot.descent] theta has two numbers; got {len(result.theta)}")
        if result.path is None:
            raise ValueError("[plot.descent] the path was not kept: minimize(..., keep_path=True)")
    return named


def _window(descents: list[Descent]) -> list[tuple[float, float]]:
    inside = np.concatenate([result.path[result.values <= result.values[0]] for result in descents])
    low, high = inside.min(0), inside.max(0)
    margin = np.maximum(0.12 * (high - low), 0.08 * max((high - low).max(), 1e-6))
    return list(zip((low - margin).tolist(), (high + margin).tolist(), strict=True))


def _level_curves(axes: Axes, f: Function, across: np.ndarray, up: np.ndarray) -> None:
    heights = np.array([[f(np.array([u, v]))[0] for u in across] for v in up])
    heights -= heights.min()
    highest = heights.max()
    if highest > 0:
        levels = np.geomspace(LOWEST, 1, LEVELS) * highest
        axes.contour(across, up, heights, levels=levels, colors=FAINT, linewidths=0.8)


def _path(axes: Axes, result: Descent, name: str | None, colour: str) -> None:
    marker = "." if len(result.path) <= 200 else ""
    axes.plot(*result.path.T, color=colour, linewidth=1.1, marker=marker, markersize=3, label=name)
    axes.plot(*result.path[0], "o", color=colour, markersize=7, markerfacecolor="white", zorder=3)
    axes.plot(*result.path[-1], "o" if result.converged else "x", color=colour, markersize=7, zorder=3)
