from __future__ import annotations

from typing import TYPE_CHECKING

from strate.plot.figure import BLUE, INK, ORANGE, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from strate.history import History

SETTINGS = ("learning_rate", "seconds")
TITLES = {"loss": "loss", "accuracy": "accuracy (%)"}


def history(history: History) -> Figure:
    """The curves of a training, epoch by epoch: the loss, and each metric that was kept.

    Training is drawn in blue and, if there was any, validation in orange.

    Args:
        history: what `fit` returned.
    Raises:
        ValueError: a history without a finished epoch.
        ImportError: matplotlib is not installed.

    >>> x, y = st.data.digits()[0]
    >>> model = st.zoo.softmax(input_shape=(8, 8, 1), seed=0)
    >>> run = model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=3, seed=0, verbose=0)
    >>> figure = st.plot.history(run)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['loss', 'accuracy (%)']
    """
    if not history.epochs:
        raise ValueError("[plot.history] there is no finished epoch to draw")
    names = curves(history)
    figure = new_figure(4.2 * len(names), 2.9)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _panel(axes, name, history)
    return figure


def curves(history: History) -> list[str]:
    """Names of the curves to draw: all but the validation's, which share a panel, and the settings."""
    return [name for name in history.curves if name not in SETTINGS and not name.startswith("val_")]


def _panel(axes: Axes, name: str, history: History) -> None:
    plain(axes)
    axes.set_title(TITLES.get(name, name), loc="left", color=INK, fontsize=11)
    axes.set_xlabel("epoch", color=INK, fontsize=9)
    scale = 100 if name == "accuracy" else 1
    for prefix, label, colour in (("", "training", BLUE), ("val_", "validation", ORANGE)):
        values = [scale * value for value in history.curves.get(prefix + name, [])]
        if values:
            marker = "o" if len(values) <= 30 else ""
            epochs = range(1, len(values) + 1)
            axes.plot(epochs, values, color=colour, marker=marker, markersize=3, linewidth=1.6, label=label)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(axes.lines) > 1:
        axes.legend(frameon=False, fontsize=9, labelcolor=INK)
