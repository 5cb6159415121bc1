"""Predictions of strate beside its peers': python -m peers.inference, from the folder bench.

The peers are PyTorch in inference mode (NCHW, channels-last, frozen TorchScript, torch.compile, batch
normalisation folded) and ONNX Runtime where it is installed. strate's side is `predict`. Outputs are
compared before anything is timed. Prints one table and writes it as JSON beside the machine's description.
The ratio is strate's time over that of the fastest peer; the bound is what `bound.py` says.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import strate as st

from . import bound, machine, rows, torch_inference
from .nets import NETS, Pair

TOLERANCE = 1e-4  # of max|a - b| / max|b|


def with_onnx() -> bool:
    """Whether ONNX Runtime takes part; if not, says why."""
    if machine.is_held_back():
        print("onnxruntime is left out: it cannot be held to an instruction set as the others are")
        return False
    return machine.installed("onnxruntime")


def contestants(pair: Pair, x: np.ndarray, *, compiled: bool, onnx: bool) -> dict[str, Callable]:
    """All sides, by name."""
    given = st.tensor(x)
    sides = {
        "strate": lambda: pair.ours.predict(given),
        **torch_inference.predictions(pair, x, compiled=compiled),
    }
    if onnx:
        from . import onnx_inference

        sides["onnxruntime"] = onnx_inference.prediction(pair, x)
    return sides


def differences(sides: dict[str, Callable]) -> dict[str, float]:
    """How far each peer's outputs are from strate's, as max|a - b| / max|b|."""
    outputs = {name: predict() for name, predict in sides.items()}
    ours = outputs.pop("strate")
    return {name: float(np.abs(ours - y).max() / np.abs(y).max()) for name, y in outputs.items()}


def measure(net: str, batch: int, *, rounds: int, seconds: float, compiled: bool, onnx: bool) -> dict:
    """One row of the table."""
    pair = NETS[net].build(0.5)
    x, _ = pair.batch(batch)
    sides = contestants(pair, x, compiled=compiled, onnx=onnx)
    difference = differences(sides)
    if not max(difference.values()) <= TOLERANCE:
        raise SystemExit(f"{pair.name}, batch {batch}: the sides disagree: {difference}")
    return {
        "net": pair.name,
        "batch": batch,
        "difference": difference,
        **rows.compared(sides, rounds=rounds, seconds=seconds),
        "bound": bound.inference(pair.ours, batch),
    }


def shared() -> dict:
    """Whether ONNX Runtime takes part."""
    return {"onnx": with_onnx()}


def main() -> None:
    rows.compare("inference", __doc__, NETS, lambda net: net.predicted, measure, shared)


if __name__ == "__main__":
    main()
