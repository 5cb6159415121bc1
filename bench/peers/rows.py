"""The rows that every comparison makes: medians, the fastest peer, the ratio; shown, and kept as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import torch

from . import machine
from .timing import interleave

RESULTS = Path(__file__).parents[1] / "results"
HEADINGS = f"{'net':22} {'batch':>5} {'strate ms':>10} {'peer ms':>10} {'ratio':>6} {'bound ms':>9}  peer"


def compare(
    name: str, description: str, nets: dict, batches: Callable, measure: Callable, given: Callable
) -> None:
    """A row for each net and batch size that the command line asks for; shown and kept as they come.

    Args:
        name: of the JSON.
        description: for --help.
        nets, batches: by name, and f(net), the batch sizes measured by default.
        measure: f(name, batch, rounds=, seconds=, compiled=, **given()), the row.
        given: what all rows share; asked once the command line is read.
    """
    args = arguments(description, nets).parse_args()
    use_all_cores()
    shared = given()
    found: list[dict] = []
    print(HEADINGS)
    for net in args.nets:
        for batch in args.batches or batches(nets[net]):
            asked = {"rounds": args.rounds, "seconds": args.seconds, "compiled": not args.no_compile}
            found.append(measure(net, batch, **asked, **shared))
            show(found[-1])
            write(name, {"rows": found}, args.output)


def arguments(description: str, nets) -> argparse.ArgumentParser:
    """What one may ask of a comparison of nets."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nets", nargs="+", choices=nets, default=["mlp", "lenet5"])
    parser.add_argument("--batches", nargs="+", type=int, help="default: those of each net")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="length of a turn")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--output", type=Path, help="default: results/NAME_ISA.json")
    return parser


def use_all_cores() -> None:
    """PyTorch takes half of them where it suspects two threads on each."""
    torch.set_num_threads(machine.cores())


def compared(steps: dict[str, Callable[[], object]], *, rounds: int, seconds: float) -> dict:
    """Times of all, the fastest that is not strate, and strate's time over its."""
    times = interleave(steps, rounds=rounds, seconds=seconds)
    best = min((name for name in times if name != "strate"), key=lambda name: times[name]["ms"])
    return {"times": times, "best_peer": best, "ratio": times["strate"]["ms"] / times[best]["ms"]}


def show(row: dict) -> None:
    """A line under HEADINGS."""
    ours, peer = row["times"]["strate"]["ms"], row["times"][row["best_peer"]]["ms"]
    figures = f"{ours:10.3f} {peer:10.3f} {row['ratio']:6.2f} {row['bound']['ms']:9.3f}"
    print(f"{row['net']:22} {row['batch']:5} {figures}  {row['best_peer']}", flush=True)


def write(name: str, found: dict, output: Path | None) -> None:
    """Keep what was found beside the machine's description."""
    described = machine.describe()
    output = output or RESULTS / f"{name}_{described['strate_isa']}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"machine": described, **found}, indent=1) + "\n", encoding="utf-8")
