"""Random convolutions of strate beside PyTorch's: python -m peers.sweep, from the folder bench.

200 shapes from a seed, 5 MFLOP to 2 GFLOP: sizes and channels (1 to 512) log-uniform, strides, dilations,
groups. Forward with a bias and all gradients are compared, then timed in turn: `conv2d_forward` and
`conv2d_backward` beside torch.nn.functional.conv2d and the function that its autograd calls, NCHW or
channels-last, whichever is faster. A shape that takes more than 1.2 times as long is measured three times,
and the median counts. Prints the share of shapes within 1.2, the median and the worst ratio of each pass;
writes all as JSON beside the machine's description. Each shape has a process of its own: PyTorch 2.13 does
not survive some of them (1x1, stride 3, on AVX-512), and such a shape is named and left out.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import strate as st

from . import rows
from .shapes import Convolution, drawn

TOLERANCE = 1e-4  # of max|a - b| / max|b|
NEAR = 1.2
PASSES = ("forward", "backward")


def arrays(one: Convolution) -> tuple[np.ndarray, ...]:
    """x, weight, bias and dy in strate's order of axes."""
    rng = np.random.default_rng(0)
    field, inputs = (one.kernel, one.kernel), one.channels // one.groups
    shapes = (
        (one.batch, one.side, one.side, one.channels),
        (one.filters, *field, inputs),
        (one.filters,),
        (one.batch, one.output, one.output, one.filters),
    )
    return tuple(rng.standard_normal(shape, dtype="float32") for shape in shapes)


def our_side(one: Convolution, x, weight, bias, dy) -> dict[str, Callable]:
    """Both passes of strate."""
    weight = np.ascontiguousarray(weight.transpose(1, 2, 3, 0))  # as a layer keeps it
    x, weight, bias, dy = map(st.tensor, (x, weight, bias, dy))
    weight = weight.transpose((3, 0, 1, 2))
    return {
        "forward": lambda: st.ops.conv2d_forward(x, weight, bias, **one.settings),
        "backward": lambda: st.ops.conv2d_backward(dy, x, weight, **one.settings),
    }


def their_side(one: Convolution, x, weight, bias, dy, order: torch.memory_format) -> dict[str, Callable]:
    """Both passes of PyTorch, all images and kernels in one memory order."""

    def images(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=order)

    x, weight, dy, bias = images(x), images(weight), images(dy), torch.from_numpy(bias)
    stride, padding, dilation = ([n, n] for n in (one.stride, one.padding, one.dilation))

    def forward() -> torch.Tensor:
        with torch.inference_mode():
            return torch.nn.functional.conv2d(x, weight, bias, **one.settings)

    def backward() -> tuple[torch.Tensor, ...]:
        return torch.ops.aten.convolution_backward(
            dy, x, weight, [one.filters], stride, padding, dilation, False, [0, 0], one.groups, [True] * 3
        )

    return {"forward": forward, "backward": backward}


def sides(one: Convolution) -> dict[str, dict[str, Callable]]:
    """Both passes of each side, by its name."""
    given = arrays(one)
    return {
        "strate": our_side(one, *given),
        "torch": their_side(one, *given, torch.contiguous_format),
        "torch channels-last": their_side(one, *given, torch.channels_last),
    }


def largest_difference(both: dict[str, dict[str, Callable]]) -> float:
    """Of y, dx, dweight and dbias, as max|a - b| / max|b|."""
    ours, theirs = both["strate"], both["torch"]
    mine = [ours["forward"](), *ours["backward"]()]
    other = [theirs["forward"](), *theirs["backward"]()]
    worst = 0.0
    for a, b in zip(mine, other, strict=True):
        b = b.permute(0, 2, 3, 1).numpy() if b.ndim == 4 else b.numpy()
        worst = max(worst, float(np.abs(a.numpy() - b).max() / np.abs(b).max()))
    return worst


def measure(one: Convolution, *, rounds: int, seconds: float) -> dict:
    """Both passes of one shape."""
    both = sides(one)
    difference = largest_difference(both)
    if not difference <= TOLERANCE:
        raise SystemExit(f"{one}: the two sides disagree by {difference:.1e}")
    row = {"shape": one.described(), "gflop": one.flops / 1e9, "difference": difference}
    for name in PASSES:
        steps = {side: passes[name] for side, passes in both.items()}
        tries = [rows.compared(steps, rounds=rounds, seconds=seconds)]
        if tries[0]["ratio"] > NEAR:
            tries += [rows.compared(steps, rounds=rounds, seconds=seconds) for _ in range(2)]
        row[name] = sorted(tries, key=lambda one: one["ratio"])[len(tries) // 2]
    return row


def measure_apart(one: Convolution, **asked) -> dict | None:
    """The same in a process of its own; nothing where PyTorch crashes.

    Raises:
        SystemExit: strate crashes, or the two sides disagree.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def work() -> None:
        for pass_of_ours in our_side(one, *arrays(one)).values():
            pass_of_ours()
        sender.send("strate has run")
        sender.send(measure(one, **asked))

    child = context.Process(target=work)
    child.start()
    sender.close()
    try:
        receiver.recv()
    except EOFError:
        child.join()
        raise SystemExit(f"{one}: strate ended with {child.exitcode}") from None
    try:
        return receiver.recv()
    except EOFError:
        child.join()
        if child.exitcode > 0:  # it has said why
            raise SystemExit(child.exitcode) from None
        return None
    finally:
        child.join()


def verdict(measured: list[tuple[Convolution, dict]], name: str) -> str:
    """Share within NEAR, median and worst ratio of a pass."""
    ratios = [row[name]["ratio"] for _, row in measured]
    share = sum(ratio <= NEAR for ratio in ratios) / len(ratios)
    worst, row = max(measured, key=lambda pair: pair[1][name]["ratio"])
    return (
        f"{name:8}  within {NEAR}: {share:.1%} of {len(ratios)}   median {statistics.median(ratios):.2f}   "
        f"worst {row[name]['ratio']:.2f} ({worst}; {row[name]['best_peer']})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.03, help="length of a turn")
    parser.add_argument("--output", type=Path, help="default: results/convolutions_ISA.json")
    args = parser.parse_args()
    rows.use_all_cores()
    measured, left_out = [], []
    for one in drawn(args.count, args.seed):
        row = measure_apart(one, rounds=args.rounds, seconds=args.seconds)
        if row is None:
            left_out.append(one.described())
            print(f"PyTorch crashed: {one}", flush=True)
            continue
        measured.append((one, row))
        ratios = "  ".join(f"{name} {row[name]['ratio']:5.2f}" for name in PASSES)
        print(f"{ratios}  {one}", flush=True)
    for name in PASSES:
        print(verdict(measured, name))
    found = {"seed": args.seed, "near": NEAR, "rows": [row for _, row in measured], "left_out": left_out}
    rows.write("convolutions", found, args.output)


if __name__ == "__main__":
    main()
