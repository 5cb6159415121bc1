"""The roofline of a machine, from Google Benchmark's JSON: python bench/roofline.py FILE.json ...

Each file is what a bench wrote with --benchmark_out=FILE.json --benchmark_out_format=json; all are of one
instruction set and one number of threads. Written are bench/results/roofline_ISA.json, the picture
docs/images/roofline_ISA.svg and the measured block of docs/kernels.md. Without files, picture and block are
made again from what bench/results holds.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS, IMAGES, PAGE = ROOT / "bench" / "results", ROOT / "docs" / "images", ROOT / "docs" / "kernels.md"
BEGIN, END = "<!-- roofline: begin -->\n", "<!-- roofline: end -->\n"
ISAS = {"avx2": "AVX2", "avx512": "AVX-512", "neon": "NEON", "baseline": "baseline"}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
CACHED = 100 << 20  # bytes; a smaller problem may lie in cache, where the bandwidth of memory is no limit
INK, FAINT = "#1f2933", "#d5dae0"
FAMILIES = {  # colour and marker of the ops
    "dense": ("#2b6cb0", "o"),
    "conv2d": ("#dd6b20", "s"),
    "max_pool2d": ("#2f855a", "^"),
    "activation": ("#c53030", "v"),
    "batch_norm": ("#6b46c1", "D"),
    "sgd": ("#1f2933", "P"),
}


def merged(reports: list[dict]) -> dict:
    """The machine and its points, of all reports together.

    Of repeated runs the median is taken. Benches without GB/s or GFLOP/s have no place in the picture.

    Raises:
        ValueError: reports of different instruction sets or numbers of threads, or without the machine.
    """
    contexts = [report["context"] for report in reports]
    for key in ("processor", "isa", "threads"):
        found = {context.get(key) for context in contexts}
        if len(found) != 1 or None in found:
            got = sorted(map(str, found))
            raise ValueError(f"all reports are of one machine and say which; got {key}={got}")
    first = contexts[0]
    machine = {
        "date": first["date"][:10],
        "processor": first["processor"],
        "isa": first["isa"],
        "threads": int(first["threads"]),
        # Limits: what the machine can do, not what it did while others used it.
        "peak_gflops": max(float(context["peak_gflops"]) for context in contexts),
        "copy_gigabytes_per_second": max(float(context["copy_gigabytes_per_second"]) for context in contexts),
    }
    points = [point(run, machine) for report in reports for run in report["benchmarks"] if counts(run)]
    return {"machine": machine, "points": points}


def counts(run: dict) -> bool:
    return run.get("aggregate_name", "median") == "median" and "GFLOP/s" in run and "GB/s" in run


def point(run: dict, machine: dict) -> dict:
    """One bench: operations and bytes, and the share of the roof above it."""
    rate, bandwidth = run["GFLOP/s"], run["GB/s"]
    intensity = rate / bandwidth
    name, *arguments = run.get("run_name", run["name"]).removesuffix("/real_time").split("/")
    # Of a large problem the copy right after it: the bandwidth of memory changes with what others do.
    copy = run.get("copy", machine["copy_gigabytes_per_second"])
    roof = min(machine["peak_gflops"], intensity * copy)
    return {
        "kernel": name,
        "problem": " ".join(arguments),
        "gflops": digits(rate),
        "bytes": round(bandwidth * 1e9 * run["real_time"] * SECONDS[run["time_unit"]]),
        "intensity": digits(intensity),
        "peak%": digits(100 * rate / machine["peak_gflops"]),
        "roof%": digits(100 * rate / roof),
    }


def digits(number: float) -> float:
    return float(f"{number:.4g}")


def lines(result: dict) -> str:
    """JSON with a line for each point."""
    points = ",\n  ".join(json.dumps(point) for point in result["points"])
    return f'{{\n "machine": {json.dumps(result["machine"])},\n "points": [\n  {points}\n ]\n}}\n'


def family(kernel: str) -> str:
    return next(op for op in FAMILIES if kernel.startswith(op))


def draw(result: dict, path: Path) -> None:
    """The picture, in SVG with letters as outlines."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    machine, points = result["machine"], result["points"]
    peak, copy = machine["peak_gflops"], machine["copy_gigabytes_per_second"]
    figure, axes = pyplot.subplots(figsize=(8, 5))
    left = min(point["intensity"] for point in points) / 2
    right = max(4 * peak / copy, *(2 * point["intensity"] for point in points))
    axes.plot([left, peak / copy, right], [left * copy, peak, peak], color=INK, linewidth=1.5, zorder=1)
    axes.plot([peak / copy] * 2, [left * copy / 4, peak], color=FAINT, linewidth=1, zorder=0)
    for op, (colour, marker) in FAMILIES.items():
        for cached in (True, False):  # hollow: a problem that may lie in cache
            own = [p for p in points if family(p["kernel"]) == op and (p["bytes"] < CACHED) is cached]
            axes.scatter(
                [p["intensity"] for p in own],
                [p["gflops"] for p in own],
                s=22,
                marker=marker,
                facecolors="none" if cached else colour,
                edgecolors=colour,
                linewidths=0.9,
                zorder=2,
            )
        axes.scatter([], [], s=22, marker=marker, color=colour, label=op)
    axes.set(xscale="log", yscale="log", xlim=(left, right))
    axes.set_ylim(top=4 * peak)
    axes.text(peak / copy, 1.15 * peak, f"peak {peak:.0f} GFLOP/s", ha="right", color=INK, fontsize=9)
    below = peak / copy / 5  # where no bench has its points
    axes.text(below, 0.35 * below * copy, f"copy {copy:.0f} GB/s", color=INK, fontsize=9)
    axes.set_xlabel("operations per byte", color=INK)
    axes.set_ylabel("GFLOP/s", color=INK)
    threads = f"{machine['threads']} thread{'s' * (machine['threads'] != 1)}"
    axes.set_title(f"{machine['processor']}, {ISAS[machine['isa']]}, {threads}", color=INK, fontsize=10)
    axes.grid(color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9, loc="lower right", labelcolor=INK)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "strate"}):
        figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def block(results: list[dict]) -> str:
    """For each machine the picture and a table of the largest problem of each kernel."""
    return "\n".join(f"{picture(result['machine'])}\n\n{table(result['points'])}" for result in results)


def picture(machine: dict) -> str:
    isa = machine["isa"]
    return (
        f"![Roofline of the {ISAS[isa]} kernels: operations per second over operations per byte]"
        f"(images/roofline_{isa}.svg)\n\n"
        f"{machine['processor']}, {ISAS[isa]}, {machine['threads']} threads, {machine['date']}: "
        f"{machine['peak_gflops']:.0f} GFLOP/s, copy {machine['copy_gigabytes_per_second']:.0f} GB/s."
    )


def table(points: list[dict]) -> str:
    lines = [
        "| kernel | problem | operations per byte | GFLOP/s | GB/s | of its roof |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for kernel in dict.fromkeys(point["kernel"] for point in points):
        own = [point for point in points if point["kernel"] == kernel]
        largest = max(own, key=lambda point: point["bytes"] * point["intensity"])
        bandwidth = largest["gflops"] / largest["intensity"]
        lines.append(
            f"| `{kernel}` | {largest['problem']} | {largest['intensity']:.3g} | {largest['gflops']:.3g} "
            f"| {bandwidth:.3g} | {largest['roof%']:.0f} % |"
        )
    return "\n".join(lines) + "\n"


def measured(results: Path = RESULTS) -> str:
    """The block as the files in bench/results make it; empty where there are none."""
    paths = sorted(results.glob("roofline_*.json"))
    return block([json.loads(path.read_text(encoding="utf-8")) for path in paths])


def write_page(page: Path, results: Path) -> None:
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(before + BEGIN + measured(results) + END + rest.split(END)[1], encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.json")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of roofline_ISA.json")
    parser.add_argument("--images", type=Path, default=IMAGES, help="folder of roofline_ISA.svg")
    parser.add_argument("--page", type=Path, default=PAGE, help="page with the measured block")
    options = parser.parse_args()
    if options.files:
        result = merged([json.loads(path.read_text(encoding="utf-8")) for path in options.files])
        options.results.mkdir(parents=True, exist_ok=True)
        path = options.results / f"roofline_{result['machine']['isa']}.json"
        path.write_text(lines(result), encoding="utf-8")
    for path in sorted(options.results.glob("roofline_*.json")):
        draw(json.loads(path.read_text(encoding="utf-8")), options.images / path.with_suffix(".svg").name)
    write_page(options.page, options.results)


if __name__ == "__main__":
    main()
