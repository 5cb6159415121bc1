"""Training steps on a GPU beside PyTorch's: python -m gpu.steps, from the folder bench.

A row is a net, a batch size and how products are rounded; the ratio is strate's time over that of PyTorch's
fastest form. In bf16 both keep bfloat16 between layers and weights in float32: strate as `fit` does,
PyTorch by autocast.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import strate as st
from strate.gradients import in_float64
from strate.mixed import stored

from . import results, turns
from .recorded import MOMENTUM, step_of_ours

RATE = 1e-4
SAMPLES, LIMIT = 8, 1e-8  # that both sides compute in float64 before timing, and how much they may differ
HEADINGS = f"{'net':20} {'batch':>5} {'products':9} {'strate ms':>10} {'peer ms':>10} {'ratio':>6}  peer"


@dataclass(frozen=True)
class Row:
    """A net as f(rate of dropout), and how it is trained."""

    build: Callable
    batch: int
    precisions: tuple[str, ...]
    compiled: bool = False


def rows(tiny: bool) -> list[Row]:
    from peers import nets

    if tiny:
        small = [Row(nets.mlp, 2, ("float32",)), Row(nets.lenet5, 2, ("tf32",))]
        return [*small, Row(lambda _: resnet50(side=32, width=1 / 16), 2, ("bf16",))]
    fast, wide = ("float32", "tf32"), ("tf32", "bf16")
    return [
        Row(nets.lenet5, 64, fast, compiled=True),
        Row(nets.mlp, 64, fast, compiled=True),
        Row(nets.vgg16, 64, wide, compiled=True),
        Row(lambda _: resnet50(), 64, wide, compiled=True),
    ]


def resnet50(side: int = 224, width: float = 1.0):
    """ResNet-50 on both sides, from the same weights."""
    from peers import nets, weights

    from . import torch_resnet50

    ours = st.zoo.resnet50(input_shape=(side, side, 3), width=width, seed=0)
    theirs = torch_resnet50.resnet50(first=round(64 * width))
    pair = nets.Pair(f"ResNet-50 {side}x{side}", ours, theirs, (side, side, 3), 1000)
    weights.copy_to(theirs, ours, None)
    return pair


def differences(pair, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Of the loss and of all gradients in float64, on a pair without dropout.

    In float32 rounding decides some signs before a ReLU on either side: see peers/agreement.py.

    Raises:
        SystemExit: the sides disagree.
    """
    from peers import weights

    from . import torch_steps

    loss, gradients = torch_steps.loss_and_gradients(pair, x, y)
    with in_float64(pair.ours):
        model = pair.ours.to("cuda")
        value = float(step_of_ours(model, 0.0)(st.tensor(x.astype("float64")), st.tensor(y)).value)
        own = weights.torch_order(weights.gradients(model), pair.flattened)
    worst = max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(own, gradients, strict=True))
    found = {"loss": abs(value - loss) / abs(loss), "gradient": float(worst)}
    if not max(found.values()) <= LIMIT:
        raise SystemExit(f"{pair.name}: the sides disagree: {found}")
    return found


def measured(row: Row, precision: str, difference: dict, tiny: bool) -> dict:
    from . import torch_steps

    pair = row.build(0.5)
    x, y = pair.batch(row.batch)
    st.cuda.set_multiply(precision)
    torch_steps.set_multiply(precision)
    step = step_of_ours(pair.ours.to("cuda"), RATE)
    images, labels = st.tensor(x).to("cuda"), st.tensor(y).to("cuda")
    theirs = torch_steps.steps(pair, x, y, precision, RATE, MOMENTUM, compiled=row.compiled)
    works = {"strate": turns.ours(lambda: step(images, labels))}
    works |= {name: (work, torch_steps.wait) for name, work in theirs.items()}
    with stored(pair.ours, precision):
        times = turns.milliseconds(works, tiny=tiny)
    best = min(theirs, key=lambda name: times[name]["ms"])
    ratio = times["strate"]["ms"] / times[best]["ms"]
    return {
        "net": pair.name, "batch": row.batch, "products": precision, "difference": difference,
        "times": times, "best_peer": best, "ratio": ratio,
    }  # fmt: skip


def show(row: dict) -> None:
    ours, peer = row["times"]["strate"]["ms"], row["times"][row["best_peer"]]["ms"]
    print(f"{row['net']:20} {row['batch']:5} {row['products']:9}", end=" ")
    print(f"{ours:10.3f} {peer:10.3f} {row['ratio']:6.2f}  {row['best_peer']}", flush=True)


def main() -> int:
    tiny = results.asked(__doc__)
    if not results.has_torch(tiny):
        return 0
    found: list[dict] = []
    print(HEADINGS)
    for row in rows(tiny):
        pair = row.build(0.0)
        difference = differences(pair, *pair.batch(min(row.batch, SAMPLES)))
        del pair
        for precision in row.precisions:
            gc.collect()
            st.cuda.release_memory()
            found.append(measured(row, precision, difference, tiny))
            show(found[-1])
            results.keep("steps", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
