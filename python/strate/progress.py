"""Progress of training: a bar on a terminal, a line for each epoch anywhere else."""

from __future__ import annotations

import shutil
import sys
import time


class Progress:
    """Shows epochs as they pass; this object is silent, its subclasses are not."""

    def start(self, epoch: int, epochs: int, samples: int) -> None:
        """An epoch begins, counted from 0."""

    def advance(self, samples: int, tally) -> None:
        """A batch is done; `tally.values()` are the averages so far."""

    def finish(self, values: dict[str, float]) -> None:
        """An epoch is done."""

    def close(self) -> None:
        """Training has ended."""


class Lines(Progress):
    """One line an epoch."""

    def start(self, epoch, epochs, samples):
        self.title = title(epoch, epochs)
        self.samples = samples
        self.began = time.perf_counter()

    def finish(self, values):
        seconds = time.perf_counter() - self.began
        speed = f"{self.samples / seconds:,.0f} images/s".replace(",", " ")
        print(f"{self.title}  {pairs(values)}  {speed}  {seconds:.2f} s", flush=True)


class Bar(Lines):
    """A bar with loss, metrics, images/s and the time left in the epoch; then the line."""

    def __init__(self) -> None:
        self.bar, self.shown = None, 0.0

    def start(self, epoch, epochs, samples):
        from tqdm import tqdm

        super().start(epoch, epochs, samples)
        columns, lines = shutil.get_terminal_size()  # tqdm shows nothing where a terminal hides its size
        self.bar = tqdm(
            total=samples,
            unit=" images",
            unit_scale=True,
            file=sys.stdout,
            leave=False,
            ncols=columns,
            nrows=lines,
            bar_format=self._format(""),
        )

    def advance(self, samples, tally):
        now = time.perf_counter()
        if now - self.shown > 0.1:  # averages are worked out only as often as they are seen
            self.shown = now
            self.bar.bar_format = self._format(pairs(tally.values()))
        self.bar.update(samples)

    def finish(self, values):
        self.close()
        super().finish(values)

    def close(self):
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _format(self, values: str) -> str:
        return f"{self.title} {{bar:10}} {{percentage:3.0f}}%  {values}  {{rate_fmt}}  {{remaining}} left"


def progress(verbose: int) -> Progress:
    """The progress that `verbose` asks for: 0 nothing, 1 a bar or lines, 2 lines."""
    if verbose not in (0, 1, 2):
        raise ValueError(f"verbose is 0, 1 or 2; got verbose={verbose!r}")
    if verbose == 0:
        return Progress()
    return Bar() if verbose == 1 and sys.stdout.isatty() else Lines()


def title(epoch: int, epochs: int) -> str:
    return f"epoch {epoch + 1:{len(str(epochs))}}/{epochs}"


def pairs(values: dict[str, float]) -> str:
    shown = {name: value for name, value in values.items() if name not in ("learning_rate", "seconds")}
    return "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
