"""Code that runs while a model trains: stopping early, keeping the best, anything of your own."""

from __future__ import annotations

import os
from collections.abc import Callable
from math import inf


class Callback:
    """Methods called by `fit`; write those that you need.

    Each receives the `Training`: `training.model`, `.history`, `.optimizer`, `.epoch` and `.batch`
    (counted from 0), `.batch_loss` of the last batch, `.values` of the last epoch, and
    `training.stop(reason)`, which ends training after the current epoch, or batch.
    """

    def on_train_begin(self, training) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, training) -> None:
        """Before the first batch of an epoch."""

    def on_batch_end(self, training) -> None:
        """After a step."""

    def on_epoch_end(self, training) -> None:
        """After an epoch and its validation."""

    def on_train_end(self, training) -> None:
        """After the last epoch, also after Ctrl-C."""


class LambdaCallback(Callback):
    """A callback from functions of the `Training`.

    >>> st.LambdaCallback(on_epoch_end=lambda training: print(training.values["loss"]))  # doctest: +ELLIPSIS
    <strate.callbacks.LambdaCallback object at ...>
    """

    def __init__(
        self,
        *,
        on_train_begin: Callable | None = None,
        on_epoch_begin: Callable | None = None,
        on_batch_end: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_end: Callable | None = None,
    ):
        given = dict(
            on_train_begin=on_train_begin,
            on_epoch_begin=on_epoch_begin,
            on_batch_end=on_batch_end,
            on_epoch_end=on_epoch_end,
            on_train_end=on_train_end,
        )
        self.__dict__.update({name: function for name, function in given.items() if function is not None})


class Watching(Callback):
    """Follows one curve and knows when it improves.

    Args:
        monitor: name of the curve. Default: "val_loss" if there is one, else "loss".
        min_delta: smallest change that counts.
        mode: "min", "max", or "auto": smaller is better for names that end in "loss" or "error".
    """

    def __init__(self, monitor: str | None = None, min_delta: float = 0.0, mode: str = "auto"):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f'mode is "auto", "min" or "max"; got mode={mode!r}')
        self.monitor, self.min_delta, self.mode = monitor, float(min_delta), mode
        self.best, self.best_epoch = inf, -1

    def on_train_begin(self, training):
        self.best, self.best_epoch = inf, -1

    def improved(self, training) -> bool:
        """Whether this epoch is the best so far."""
        values = training.values
        name = self.monitor or ("val_loss" if "val_loss" in values else "loss")
        if name not in values:
            raise ValueError(f"there is no curve {name!r} to monitor; there are: {', '.join(values)}")
        falls = self.mode == "min" or (self.mode == "auto" and name.endswith(("loss", "error")))
        value = values[name] if falls else -values[name]
        if value < self.best - self.min_delta:
            self.best, self.best_epoch = value, training.epoch
            return True
        return False


class EarlyStopping(Watching):
    """Ends training when a curve has not improved for some epochs.

    Args:
        monitor, min_delta, mode: as for `Watching`.
        patience: epochs without improvement that are allowed.
        restore_best: whether the model gets back the weights of its best epoch at the end.
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = False,
    ):
        super().__init__(monitor, min_delta, mode)
        if patience < 0:
            raise ValueError(f"patience is 0 or more epochs; got patience={patience}")
        self.patience, self.restore_best = patience, restore_best
        self._kept = None

    def on_train_begin(self, training):
        super().on_train_begin(training)
        self._kept = None

    def on_epoch_end(self, training):
        if self.improved(training):
            if self.restore_best:
                self._kept = training.model.theta.copy(), training.model.state.copy()
        elif training.epoch - self.best_epoch > self.patience:
            training.stop(f"no improvement since epoch {self.best_epoch + 1}")

    def on_train_end(self, training):
        if self._kept is not None:
            training.model.theta.copy_from(self._kept[0])
            training.model.state.copy_from(self._kept[1])
            self._kept = None


class Checkpoint(Watching):
    """Saves the model after epochs; the file is replaced whole or not at all.

    Args:
        path: of the file; "{epoch}" in it becomes the number of the epoch, from 1.
        best_only: whether only an improved epoch is saved.
        monitor, min_delta, mode: as for `Watching`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        best_only: bool = False,
        monitor: str | None = None,
        min_delta: float = 0.0,
        mode: str = "auto",
    ):
        super().__init__(monitor, min_delta, mode)
        self.path, self.best_only = os.fspath(path), best_only

    def on_train_begin(self, training):
        from strate.saving import architecture

        super().on_train_begin(training)
        architecture(training.model)  # what cannot be saved is refused before an epoch is spent on it

    def on_epoch_end(self, training):
        if self.improved(training) or not self.best_only:
            training.model.save(self.path.replace("{epoch}", str(training.epoch + 1)))
