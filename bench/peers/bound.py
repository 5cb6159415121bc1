"""A time that no kernel can beat on this machine, up to what it counts: arithmetic plus memory, in turn.

    bound = multiply-adds / peak + compulsory bytes / copy rate

Multiply-adds are `summary()`'s, convolutions computed directly: Winograd's, which strate and its peers use
for some 3x3 convolutions, make fewer, so such a row may lie below its bound. A training step makes three
times as many as forward, less the gradient of the input of the first layer that has weights.

Compulsory bytes of a training step, 4 for each number:
- parameters: read by forward; their gradient written by backward and read by the update; momentum and
  parameters each read and written by the update: 7 times their number,
- what forward keeps of the batch, by `summary()`: written once and read once; the input is read once.
Gradients of activations, and what is read more than once, may stay in a cache and are not counted.

Of inference: parameters and the input read, the output written.

The copy rate is measured on as many bytes as the row works on (parameters, gradient, momentum and what is
kept; of inference, the bytes above), up to 400 MB: small nets live in a cache, and are not to be held to
the speed of memory.
"""

from __future__ import annotations

import math

import strate as st
from strate.layers import Conv2D, Dense, tree

from . import rates


def _bound(multiply_adds: int, moved: int, working_set: int) -> dict:
    # The same rate for sizes that differ by less than a factor of two, so that it is measured once.
    rate = rates.copy_rate(1 << max(working_set - 1, 1).bit_length())
    milliseconds = 1e3 * (multiply_adds / rates.peak() + moved / rate)
    return {
        "ms": milliseconds,
        "multiply_adds": multiply_adds,
        "bytes": moved,
        "gflop_s": 2e-9 * rates.peak(),
        "copy_gb_s": 1e-9 * rate,
    }


def training(model: st.Sequential, batch: int) -> dict:
    """The bound of a training step, and what it is made of."""
    summary = model.summary(batch)
    first = next(layer for _, layer in tree.walk(model) if isinstance(layer, (Conv2D, Dense)))
    kept, given = summary.activations, 4 * batch * math.prod(model.input_shape)
    return _bound(
        batch * (3 * summary.multiply_adds - first.multiply_adds()),
        7 * 4 * summary.parameters + 2 * kept - given,
        3 * 4 * summary.parameters + kept,
    )


def inference(model: st.Sequential, batch: int) -> dict:
    """The bound of a prediction, and what it is made of."""
    summary = model.summary(batch)
    numbers = batch * (math.prod(model.input_shape) + math.prod(model.output_shape))
    moved = 4 * (summary.parameters + numbers)
    return _bound(batch * summary.multiply_adds, moved, moved)
