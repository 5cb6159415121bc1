"""Single kernels on a GPU: python -m gpu.kernels, from the folder bench.

A product of square matrices beside PyTorch's, and what is bound by memory beside the rate of a copy:
bytes that have to move (every operand read or written once) over the time..
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

import strate as st
from strate import _core

from . import results, turns

Kernel = tuple[Callable[[], object], int]  # what is timed, and the numbers that have to move

SIDE, TINY_SIDE = 8192, 64
IMAGES, TINY_IMAGES = (64, 56, 56, 256), (2, 4, 4, 8)
CHANNELS = 3


def products(tiny: bool) -> list[dict]:
    """TFLOP/s of y = x W^T, in each way to multiply."""
    side, found = TINY_SIDE if tiny else SIDE, []
    a, b = (np.random.default_rng(seed).normal(size=(side, side)).astype("float32") for seed in (0, 1))
    x, weight = st.tensor(a).to("cuda"), st.tensor(b).to("cuda").transpose((1, 0))
    for precision in st.cuda.PRECISIONS:
        st.cuda.set_multiply(precision)
        works = {"strate": turns.ours(lambda: st.ops.dense_forward(x, weight))}
        if results.has_torch(tiny):
            works["torch"] = _their_product(a, b, precision)
        times = turns.milliseconds(works, tiny=tiny)
        rates = {name: 2e-9 * side**3 / time["ms"] for name, time in times.items()}
        found.append({"side": side, "products": precision, "times": times, "tflop_s": rates})
        text = "  ".join(f"{name} {rate:8.2f} TFLOP/s" for name, rate in rates.items())
        print(f"product {side} {precision:8} {text}", flush=True)
    st.cuda.set_multiply("float32")
    return found


def _their_product(a: np.ndarray, b: np.ndarray, precision: str):
    import torch

    from . import torch_steps

    torch_steps.set_multiply(precision)
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    x, y = (torch.from_numpy(array).to(torch_steps.device(), kind) for array in (a, b))
    return lambda: torch.mm(x, y), torch_steps.wait


def bound_by_memory(shape: tuple[int, ...]) -> dict[str, Kernel]:
    """Copies and ops on images of this shape; the first is the rate that the others are held to."""
    n, c = int(np.prod(shape)), shape[CHANNELS]
    x = st.tensor(np.random.default_rng(0).normal(size=shape).astype("float32")).to("cuda")
    dy, copy = x.copy(), x.copy()
    return {
        "copy": (lambda: copy.copy_from(x), 2 * n),
        **_elementwise(x, dy, n),
        **_normalisations(x, dy, n, c),
        **_pooling(x, n),
        **_sgd(n),
    }


def _elementwise(x, dy, n: int) -> dict[str, Kernel]:
    relu, add = _core.Activation("relu"), _core.Combine("add", _core.Activation("identity"))
    random = st.tensor(np.array([1, 1])).to("cuda")
    return {
        "activation_forward": (lambda: _core.activation_forward(x, relu), 2 * n),
        "activation_backward": (lambda: _core.activation_backward(dy, x, relu), 3 * n),
        "combine_forward": (lambda: _core.combine_forward(x, dy, add), 3 * n),
        "dropout_forward": (lambda: _core.dropout_forward(x, 0.5, random, 0), 2 * n),
    }


def _normalisations(x, dy, n: int, c: int) -> dict[str, Kernel]:
    """A mean over all rows is read before what it is subtracted from: batch norm reads x twice, and dy."""
    one, softmax = _core.Activation("identity"), _core.Activation("softmax")
    gamma, beta, mean, variance, dgamma, dbeta = (st.ones((c,)).to("cuda") for _ in range(6))
    options = (mean, variance, 0.9, 1e-5, True, one)
    _, statistics = _core.batch_norm_forward(x, gamma, beta, *options)
    backward = (statistics, gamma, beta, True, one, dgamma, dbeta, True)
    return {
        "batch_norm_forward": (lambda: _core.batch_norm_forward(x, gamma, beta, *options), 3 * n),
        "batch_norm_backward": (lambda: _core.batch_norm_backward(dy, x, *backward), 5 * n),
        "softmax_forward": (lambda: _core.activation_forward(x, softmax), 2 * n),
    }


def _pooling(x, n: int) -> dict[str, Kernel]:
    """A quarter of the outputs, and a byte for each, which says where the maximum was."""
    pool = _core.Pool2d((2, 2), (2, 2))
    y, argmax = _core.max_pool2d_forward(x, pool, True)
    return {
        "max_pool2d_forward": (lambda: _core.max_pool2d_forward(x, pool, True), n + n // 4 + n // 16),
        "max_pool2d_backward": (
            lambda: _core.max_pool2d_backward(y, argmax, x.shape, pool),
            n + n // 4 + n // 16,
        ),
    }


def _sgd(n: int) -> dict[str, Kernel]:
    theta, gradient, velocity = (st.zeros((n,)).to("cuda") for _ in range(3))
    hyper = st.tensor(np.array([0.1, 0.9, 0.0, 1.0, np.inf])).to("cuda")
    segments = st.tensor(np.array([[0, n, 1]])).to("cuda")
    return {"sgd": (lambda: _core.sgd(theta, gradient, velocity, hyper, segments, False), 5 * n)}


def rates(tiny: bool) -> list[dict]:
    """GB/s of each kernel, and its share of a copy's."""
    found, copy = [], None
    for name, (work, numbers) in bound_by_memory(TINY_IMAGES if tiny else IMAGES).items():
        times = turns.milliseconds({name: turns.ours(work)}, tiny=tiny)[name]
        rate = 4e-6 * numbers / times["ms"]
        copy = rate if copy is None else copy
        share = rate / copy
        found.append({"kernel": name, "bytes": 4 * numbers, "times": times, "gb_s": rate, "share": share})
        print(f"{name:22} {times['ms']:9.4f} ms {rate:9.2f} GB/s  {share:5.2f} of a copy", flush=True)
    return found


def main() -> int:
    tiny = results.asked(__doc__)
    results.keep("kernels", {"products": products(tiny), "bound by memory": rates(tiny)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
