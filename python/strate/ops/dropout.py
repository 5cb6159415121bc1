from __future__ import annotations

from strate import _core
from strate.random import seed_of
from strate.tensor import Tensor, as_tensor, tensor


def dropout_forward(x, rate: float, *, seed: int, counter: int = 0, stream: int = 0):
    """y = x * mask / (1 - rate); the mask is 0 with probability `rate`, else 1.

    The mask follows from (seed, counter, stream, place) alone: the same four, the same mask.

    Args:
        x: any shape.
        rate: probability of dropping, 0 <= rate < 1.
        seed, counter, stream: whole numbers; a model counts its training steps in `counter` and
            gives each layer its own `stream`.
    Returns:
        (y, saved): saved is (seed, counter) for `dropout_backward`.
    Raises:
        ValueError: a rate outside of [0, 1).

    >>> y, saved = st.ops.dropout_forward(st.ones((4,)), 0.0, seed=0)
    >>> y.tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    return _core.dropout_forward(as_tensor(x), rate, tensor([seed_of(seed), counter], "int64"), stream)


def dropout_backward(dy, rate: float, saved, *, stream: int = 0) -> Tensor:
    """dx = dy * mask / (1 - rate), with the mask of forward, drawn again from `saved`.

    Args:
        dy: in the shape of x.
        rate, stream: as in forward.
        saved: what forward returned.
    Returns:
        dx, in the shape of x.

    >>> y, saved = st.ops.dropout_forward(st.ones((64,)), 0.5, seed=0)
    >>> dx = st.ops.dropout_backward(st.ones((64,)), 0.5, saved)
    >>> dx.tolist() == y.tolist()
    True
    """
    return _core.dropout_backward(as_tensor(dy), rate, as_tensor(saved), stream)
