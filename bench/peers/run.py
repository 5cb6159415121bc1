"""Step times of strate beside PyTorch's: python -m peers.run, from the folder bench.

Prints one table and writes it as JSON beside the machine's description. The ratio is strate's time over
that of PyTorch's fastest form.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault(
    "THP_MEM_ALLOC_ENABLE", "1"
)  # huge pages for PyTorch: its faster setting on most machines

import torch

from . import machine
from .nets import NETS
from .steps import largest_difference, our_step, their_steps
from .timing import interleave

TOLERANCE = 1e-4
RESULTS = Path(__file__).parents[1] / "results"


def measure(net: str, batch: int, *, rounds: int, seconds: float, compiled: bool) -> dict:
    """One row of the table."""
    build = NETS[net][0]
    still = build(0.0)  # dropout off: the two sides draw different masks
    x, y = still.batch(batch)
    difference = largest_difference(still, x, y)
    if max(difference.values()) > TOLERANCE:
        raise SystemExit(f"{still.name}, batch {batch}: the two sides disagree: {difference}")
    pair = build(0.5)
    steps = {"strate": our_step(pair, x, y), **their_steps(pair, x, y, compiled=compiled)}
    times = interleave(steps, rounds=rounds, seconds=seconds)
    best = min((name for name in times if name != "strate"), key=lambda name: times[name]["ms"])
    return {
        "net": pair.name,
        "batch": batch,
        "difference": difference,
        "times": times,
        "best_peer": best,
        "ratio": times["strate"]["ms"] / times[best]["ms"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", nargs="+", choices=NETS, default=["mlp", "lenet5"])
    parser.add_argument("--batches", nargs="+", type=int, help="default: those of each net")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="length of a turn")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--output", type=Path, help="default: results/training_steps_ISA.json")
    args = parser.parse_args()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    rows = []
    print(f"{'net':22} {'batch':>5} {'strate ms':>10} {'best peer ms':>13} {'ratio':>6}  peer")
    for net in args.nets:
        for batch in args.batches or NETS[net][1]:
            row = measure(net, batch, rounds=args.rounds, seconds=args.seconds, compiled=not args.no_compile)
            rows.append(row)
            ours, peer = row["times"]["strate"]["ms"], row["times"][row["best_peer"]]["ms"]
            figures = f"{ours:10.3f} {peer:13.3f} {row['ratio']:6.2f}"
            print(f"{row['net']:22} {batch:5} {figures}  {row['best_peer']}", flush=True)
    described = machine.describe()
    output = args.output or RESULTS / f"training_steps_{described['strate_isa']}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"machine": described, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
