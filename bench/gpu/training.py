"""Ten training steps on the CPU and on the GPU from one start: python -m gpu.training, in the folder bench.

In float64 both make the same losses and parameters to nine digits. In float32 rounding decides some signs
before a ReLU, and batch norm lets that grow: the GPU may be three times as far from float64 as the CPU is,
and its first loss is the CPU's to five digits. The GPU's second run has the bits of its first. Products are
not rounded.
"""

from __future__ import annotations

import contextlib
import sys

import numpy as np

import strate as st
from strate.gradients import in_float64

from . import results
from .recorded import step_of_ours

RATE = 0.01
NETS = {"lenet5": (28, 28, 1), "resnet20": (32, 32, 3)}
EXACT, FIRST, FARTHER = 1e-9, 1e-5, 3.0


def batches(shape: tuple[int, ...], count: int, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(5)
    return [
        (rng.normal(size=(size, *shape)).astype("float32"), rng.integers(0, 10, size)) for _ in range(count)
    ]


def learned(net: str, device: str, dtype: str, given: list) -> tuple[list[float], np.ndarray]:
    """The losses of all steps and the parameters after them."""
    model = getattr(st.zoo, net)(seed=1)
    with in_float64(model) if dtype == "float64" else contextlib.nullcontext():
        step = step_of_ours(model.to(device), RATE)
        values = [float(step(st.tensor(x.astype(dtype)), st.tensor(y)).value) for x, y in given]
        return values, np.concatenate([value.numpy().ravel() for value in model.parameters().values()])


def distance(one: tuple, other: tuple) -> float:
    """The larger of two: of any loss relative to it, of the parameters to the largest of them."""
    loss = max(abs(a - b) / abs(b) for a, b in zip(one[0], other[0], strict=True))
    return max(loss, float(np.abs(one[1] - other[1]).max() / np.abs(other[1]).max()))


def compared(net: str, given: list) -> dict:
    exact = learned(net, "cpu", "float64", given)
    here, there, again = (learned(net, device, "float32", given) for device in ("cpu", "cuda", "cuda"))
    return {
        "losses": here[0],
        "losses on the device": there[0],
        "in float64": distance(learned(net, "cuda", "float64", given), exact),
        "first loss": abs(there[0][0] - here[0][0]) / abs(here[0][0]),
        "from float64": distance(there, exact),
        "from float64 on the CPU": distance(here, exact),
        "same bits again": again[0] == there[0] and again[1].tobytes() == there[1].tobytes(),
    }


def agrees(found: dict) -> bool:
    near = found["in float64"] <= EXACT and found["first loss"] <= FIRST
    far = FARTHER * found["from float64 on the CPU"] + FIRST
    return near and found["from float64"] <= far and found["same bits again"]


def main() -> int:
    tiny = results.asked(__doc__)
    st.cuda.set_multiply("float32")
    found, bad = {}, []
    for net, shape in NETS.items():
        one = found[net] = compared(net, batches(shape, 3 if tiny else 10, 2 if tiny else 64))
        figures = {name: value for name, value in one.items() if not isinstance(value, list)}
        print(net, ", ".join(f"{name} {value:.2g}" for name, value in figures.items()), flush=True)
        bad += [] if agrees(one) else [net]
    results.keep("training", found)
    return int(bad != [])


if __name__ == "__main__":
    sys.exit(main())
