"""README.md's measured block, from bench/results: python -m peers.table, from the folder bench."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
ISAS = {"avx2": "AVX2", "avx512": "AVX-512", "neon": "NEON", "baseline": "baseline"}


def block(results: list[dict]) -> str:
    """One table for each machine."""
    return "\n".join(f"{heading(result['machine'])}\n\n{table(result['rows'])}" for result in results)


def heading(machine: dict) -> str:
    """What the table is of, and on which processor."""
    return (
        f"A training step, in milliseconds, on {machine['cores']} cores of an {machine['processor']}, "
        f"{ISAS[machine['strate_isa']]}, beside\nPyTorch {machine['torch'].partition('+')[0]} in its fastest "
        f"form, both in one run ({machine['date']}):"
    )


def table(rows: list[dict]) -> str:
    """Net, batch, both times and their ratio."""
    lines = ["| | batch | strate | PyTorch | ratio |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        ours, theirs = row["times"]["strate"]["ms"], row["times"][row["best_peer"]]["ms"]
        figures = f"{three_digits(ours)} | {three_digits(theirs)} | {row['ratio']:.2f}"
        lines.append(f"| {row['net']} | {row['batch']} | {figures} |")
    return "\n".join(lines) + "\n"


def three_digits(number: float) -> str:
    """0.600, 2.15, 318."""
    return f"{number:#.3g}".rstrip(".")


def measured() -> str:
    """The block as the files in bench/results make it."""
    paths = sorted((ROOT / "bench" / "results").glob("training_steps*.json"))
    return block([json.loads(path.read_text(encoding="utf-8")) for path in paths])


def main() -> None:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    readme.write_text(before + BEGIN + measured() + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
