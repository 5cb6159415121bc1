"""Progress of training: a bar on a terminal, a line for each epoch anywhere else."""

from __future__ import annotations

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


class Bar(Progress):
    """A bar with loss, metrics, images/s and the time left."""

    def __init__(self) -> None:
        self.bar, self.shown = None, 0.0

    def start(self, epoch, epochs, samples):
        from tqdm import tqdm

        self.bar = tqdm(
            total=samples,
            desc=title(epoch, epochs),
            unit=" images",
            file=sys.stdout,
            bar_format="{desc} {bar:20} {percentage:3.0f}%{postfix}  {rate_fmt}  {remaining} left",
        )

    def advance(self, samples, tally):
        now = time.perf_counter()
        if now - self.shown > 0.1:  # averages are worked out only as often as they are seen
            self.shown = now
            self.bar.set_postfix_str(pairs(tally.values()), refresh=False)
        self.bar.update(samples)

    def finish(self, values):
        self.bar.bar_format = "{desc} {bar:20} {percentage:3.0f}%{postfix}  {rate_fmt}  {elapsed}"
        self.bar.set_postfix_str(pairs(values), refresh=True)
        self.close()

    def close(self):
        if self.bar is not None:
            self.bar.close()
            self.bar = None


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
