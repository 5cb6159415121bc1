"""Random convolutions, the same for a seed on every machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

SMALLEST, LARGEST = 5e6, 2e9  # floating-point operations of forward
MOST_NUMBERS = 1 << 25  # of x, and of y: several copies have to fit in memory


@dataclass(frozen=True)
class Convolution:
    """Sizes of one convolution; images and kernels are square, and padding keeps the middle in place."""

    batch: int
    side: int
    channels: int
    filters: int
    kernel: int
    stride: int
    dilation: int
    groups: int

    @property
    def padding(self) -> int:
        return (self.kernel - 1) * self.dilation // 2

    @property
    def output(self) -> int:
        span = (self.kernel - 1) * self.dilation + 1
        return (self.side + 2 * self.padding - span) // self.stride + 1

    @property
    def flops(self) -> int:
        """Of forward: a multiply-add is two."""
        outputs = self.batch * self.output**2 * self.filters
        return 2 * outputs * self.kernel**2 * self.channels // self.groups

    @property
    def settings(self) -> dict[str, int]:
        """Keywords that strate and PyTorch share."""
        return {name: getattr(self, name) for name in ("stride", "padding", "dilation", "groups")}

    def described(self) -> dict[str, int]:
        """As plain JSON."""
        return {**asdict(self), "padding": self.padding}

    def __str__(self) -> str:
        given = f"{self.batch}x{self.side}x{self.side}x{self.channels}"
        text = f"{given} -> {self.filters}, {self.kernel}x{self.kernel}"
        others = ((name, getattr(self, name)) for name in ("stride", "dilation", "groups"))
        return ", ".join([text, *(f"{name} {value}" for name, value in others if value > 1)])


def _log_uniform(rng: np.random.Generator, low: int, high: int) -> int:
    """A whole number from low to high, its logarithm as good as uniform."""
    return int(np.exp(rng.uniform(np.log(low), np.log(high + 1))))


def _drawn(rng: np.random.Generator) -> Convolution:
    groups = int(rng.choice([1, 1, 1, 1, 2, 4, 8, 0]))
    channels, filters = _log_uniform(rng, 1, 512), _log_uniform(rng, 1, 512)
    if groups == 0:  # depthwise
        groups = filters = channels
    return Convolution(
        batch=_log_uniform(rng, 1, 64),
        side=_log_uniform(rng, 4, 224),
        channels=-(-channels // groups) * groups,
        filters=-(-filters // groups) * groups,
        kernel=int(rng.choice([1, 2, 3, 3, 3, 4, 5, 7, 11])),
        stride=int(rng.choice([1, 1, 1, 2, 2, 3, 4])),
        dilation=int(rng.choice([1, 1, 1, 2, 3])),
        groups=groups,
    )


def drawn(count: int, seed: int) -> list[Convolution]:
    """So many convolutions of 5 MFLOP to 2 GFLOP, channels log-uniform from 1 to 512."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < count:
        one = _drawn(rng)
        numbers = one.batch * max(one.side**2 * one.channels, one.output**2 * one.filters)
        if one.output >= 1 and SMALLEST <= one.flops <= LARGEST and numbers <= MOST_NUMBERS:
            found.append(one)
    return found
