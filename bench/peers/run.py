"""Training steps of strate beside its peers: python -m peers.run, from the folder bench.

The peers are PyTorch (NCHW, channels-last, torch.compile, fused SGD), JAX for nets of plain layers and
scikit-learn for the MLP; JAX and scikit-learn where they are installed. Prints one table and writes it as
JSON beside the machine's description. The ratio is strate's time over that of the fastest peer; the bound
is what `bound.py` says.
"""

from __future__ import annotations

from . import agreement, bound, rows, steps
from .nets import NETS


def measure(net: str, batch: int, *, rounds: int, seconds: float, compiled: bool, others: dict) -> dict:
    """One row of the table."""
    build = NETS[net].build
    x, y = (pair := build(0.5)).batch(batch)
    difference = agreement.check(build(0.0), x, y, others)
    contestants = {
        "strate": steps.our_step(pair, x, y),
        **steps.their_steps(pair, x, y, compiled=compiled, others=others),
    }
    return {
        "net": pair.name,
        "batch": batch,
        "difference": difference,
        **rows.compared(contestants, rounds=rounds, seconds=seconds),
        "bound": bound.training(pair.ours, batch),
    }


def shared() -> dict:
    """The peers besides PyTorch."""
    return {"others": steps.other_peers()}


def main() -> None:
    rows.compare("training_steps", __doc__, NETS, lambda net: net.trained, measure, shared)


if __name__ == "__main__":
    main()
