"""README.md's measured block, from bench/results: python -m peers.table, from the folder bench."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
ISAS = {"avx2": "AVX2", "avx512": "AVX-512", "neon": "NEON", "baseline": "baseline"}
KINDS = {"training_steps": "A training step", "inference": "A prediction"}
PEERS = {"torch": "PyTorch", "jax": "JAX", "scikit-learn": "scikit-learn", "onnxruntime": "ONNX Runtime"}


def results(kind: str) -> list[dict]:
    """What was measured of a kind, one for each instruction set."""
    paths = sorted((ROOT / "bench" / "results").glob(f"{kind}_*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def processor(machine: dict) -> str:
    """2 cores of an AMD EPYC (family 26, model 2), AVX-512."""
    name, isa = machine["processor"], ISAS[machine["strate_isa"]]
    return f"{machine['cores']} cores of {'an' if name[0] in 'AEIOU' else 'a'} {name}, {isa}"


def heading(kind: str, found: dict) -> str:
    """What the table is of, on which processor, and beside which versions."""
    machine = found["machine"]
    present = {name.split()[0] for row in found["rows"] for name in row["times"]}
    *peers, last = [
        f"{name} {machine[key].partition('+')[0]}" for key, name in PEERS.items() if key in present
    ]
    beside = f"{', '.join(peers)} and {last}, the fastest of them" if peers else last
    return (
        f"{KINDS[kind]}, in milliseconds, on {processor(machine)}, beside\n{beside} "
        f"in its fastest form, a row in one run ({machine['date']}):"
    )


def table(rows: list[dict]) -> str:
    """Net, batch, both times, their ratio, the bound where it was measured, and which peer it is."""
    bounded = any("bound" in row for row in rows)
    names = ["strate", "peer", "ratio", *(["bound"] if bounded else [])]
    lines = [f"| | batch | {' | '.join(names)} | peer's form |", f"|---|{'---:|' * (len(names) + 1)}---|"]
    for row in rows:
        ours, theirs = row["times"]["strate"]["ms"], row["times"][row["best_peer"]]["ms"]
        bound = [three_digits(row["bound"]["ms"]) if "bound" in row else ""] if bounded else []
        figures = [three_digits(ours), three_digits(theirs), f"{row['ratio']:.2f}", *bound]
        lines.append(f"| {row['net']} | {row['batch']} | {' | '.join(figures)} | {row['best_peer']} |")
    return "\n".join(lines) + "\n"


def three_digits(number: float) -> str:
    """0.600, 2.15, 318, 3084."""
    return f"{number:.0f}" if number >= 1000 else f"{number:#.3g}".rstrip(".")


def bound_in_words(rows: list[dict]) -> str:
    """What the column `bound` is made of."""
    bound = next((row["bound"] for row in rows if "bound" in row), None)
    if bound is None:
        return ""
    mean = statistics.geometric_mean(row["ratio"] for row in rows)
    return (
        f"\nGeometric mean of the ratios: {mean:.2f}.\n"
        f"Bound: multiply-adds at about {bound['gflop_s']:.0f} GFLOP/s, the best product of one core times "
        "the cores, plus the bytes that\nmust move at the rate of a copy "
        "([what is counted](bench/peers/bound.py)); Winograd's convolutions multiply less.\n"
    )


def convolutions(found: dict) -> str:
    """The sweep in a sentence for each pass."""
    machine, near = found["machine"], found["near"]
    lines = [
        f"{len(found['rows'])} random convolutions on {processor(machine)}, beside\n"
        f"PyTorch {machine['torch'].partition('+')[0]} in its faster memory order ({machine['date']}):\n"
    ]
    for name, what in (("forward", "forward"), ("backward", "all gradients")):
        ratios = [row[name]["ratio"] for row in found["rows"]]
        share, median = sum(ratio <= near for ratio in ratios) / len(ratios), statistics.median(ratios)
        times = f"median ratio {median:.2f}, worst {max(ratios):.2f}"
        lines.append(f"- {what}: {share:.1%} take at most {near} times as long; {times}")
    return "\n".join(lines) + "\n"


def measured() -> str:
    """The block as the files in bench/results make it."""
    parts = [
        f"{heading(kind, found)}\n\n{table(found['rows'])}{bound_in_words(found['rows'])}"
        for kind in KINDS
        for found in results(kind)
    ]
    return "\n".join(parts + [convolutions(found) for found in results("convolutions")])


def main() -> None:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    readme.write_text(before + BEGIN + measured() + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
