"""A picture of the ratios, from bench/results: python -m peers.plot, from the folder bench.

A bar for each row, strate's time over its fastest peer's; a mark where the bound is, over the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from . import table

PICTURE = table.ROOT / "docs" / "images" / "peers.svg"
SHORT, LONG = "#2a6f97", "#c1666b"  # of bars that end before 1, and after


def panel(axes, kind: str, found: dict) -> None:
    """The rows of one file."""
    rows = found["rows"][::-1]
    labels = [f"{row['net']}, batch {row['batch']}" for row in rows]
    ratios = [row["ratio"] for row in rows]
    axes.barh(labels, ratios, color=[SHORT if ratio <= 1 else LONG for ratio in ratios], height=0.6)
    for place, row in enumerate(rows):
        bound = 0.0
        if "bound" in row:
            bound = row["bound"]["ms"] / row["times"][row["best_peer"]]["ms"]
            axes.plot([bound, bound], [place - 0.4, place + 0.4], color="black", linewidth=1.5)
        beside = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": 8}
        axes.annotate(f"{row['ratio']:.2f}", (max(row["ratio"], bound), place), **beside)
    axes.axvline(1, color="gray", linewidth=0.8)
    axes.set_xlim(0, max(1.2, 1.15 * max(ratios), axes.get_xlim()[1]))
    title = f"{table.KINDS[kind]}: {table.processor(found['machine'])}"
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def draw(output: Path) -> None:
    """One panel for each file of training steps and of inference."""
    panels = [(kind, found) for kind in table.KINDS for found in table.results(kind)]
    heights = [len(found["rows"]) + 2 for _, found in panels]
    figure, axes = plt.subplots(
        len(panels),
        squeeze=False,
        sharex=True,
        figsize=(8, 0.3 * sum(heights) + 0.4),
        height_ratios=heights,
        layout="constrained",
    )
    for (kind, found), one in zip(panels, axes[:, 0], strict=True):
        panel(one, kind, found)
    axes[-1, 0].set_xlabel("strate's time / fastest peer's; black: the bound", fontsize=8)
    figure.savefig(output, metadata={"Date": None} if output.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PICTURE, help="default: docs/images/peers.svg")
    # Text stays text, and the same results give the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "strate"}):
        draw(parser.parse_args().output)


if __name__ == "__main__":
    main()
