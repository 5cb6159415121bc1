"""What happened in training, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable


class History:
    """Curves by name, each a list with one value for every complete epoch.

    `history.loss`, `history.accuracy`, `history.val_loss`, `history.val_accuracy`,
    `history.learning_rate`, `history.seconds`, and those of other metrics.

    Attributes:
        curves: the lists by name.
        interrupted: whether Ctrl-C ended training.
        stopped: why a callback ended training, or None.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.curves: dict[str, list[float]] = {name: [] for name in names}
        self.interrupted = False
        self.stopped: str | None = None

    @property
    def epochs(self) -> int:
        """Number of complete epochs."""
        return max(map(len, self.curves.values()), default=0)

    def add(self, values: dict[str, float]) -> None:
        """Take in the values of an epoch."""
        for name, value in values.items():
            self.curves.setdefault(name, []).append(value)

    def __getattr__(self, name: str) -> list[float]:
        try:
            return self.__dict__["curves"][name]
        except KeyError:
            known = ", ".join(self.__dict__.get("curves", ())) or "none yet"
            raise AttributeError(f"the history has no curve {name!r}; there are: {known}") from None

    def __dir__(self):
        return [*super().__dir__(), *self.curves]

    def __repr__(self) -> str:
        last = "".join(f", {name} {values[-1]:.4g}" for name, values in self.curves.items() if values)
        end = ", interrupted" if self.interrupted else ""
        return f"History({self.epochs} epochs{last}{end})"


class Scores(dict):
    """Loss and metrics of `evaluate`: a dictionary whose values are attributes too."""

    def __getattr__(self, name: str) -> float:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no score {name!r}; there are: {', '.join(self)}") from None

    def __repr__(self) -> str:
        return f"Scores({', '.join(f'{name}={value:.4g}' for name, value in self.items())})"
