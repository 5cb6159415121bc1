from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor, empty


def recurrent_forward(
    cell: str,
    x,
    weight,
    recurrent_weight,
    bias,
    recurrent_bias=None,
    *,
    mask=None,
    hidden=None,
    first_cell=None,
    sequences: bool = True,
):
    """A state carried from step to step with the same weights; the formulas are those of the layers.

    Args:
        cell: "rnn_tanh", "rnn_relu", "lstm" (gates i, f, g, o) or "gru" (r, z, n).
        x: (N, T, C).
        weight: (gates * units, C).
        recurrent_weight: (gates * units, units).
        bias: (gates * units).
        recurrent_bias: (gates * units), of "gru" only.
        mask: (N, T), bool or uint8; where it is 0 the state stays as it is. Default: 1 everywhere.
        hidden, first_cell: (N, units), the state before the first step; first_cell: of "lstm". Default: 0.
        sequences: whether y holds the state after every step, or after the last alone.
    Returns:
        (y, saved): y (N, T, units) or (N, units), and what `recurrent_backward` needs.
    Raises:
        ValueError: shapes that do not fit, an unknown cell.
        TypeError: dtypes that differ, or are not float32 or float64.

    >>> one = st.ones((1, 1))
    >>> y, _ = st.ops.recurrent_forward("rnn_relu", st.ones((1, 3, 1)), one, one, st.zeros((1,)))
    >>> y.tolist()
    [[[1.0], [2.0], [3.0]]]
    """
    given = (as_tensor(x), as_tensor(weight), as_tensor(recurrent_weight), as_tensor(bias))
    rest = (None if t is None else as_tensor(t) for t in (recurrent_bias, mask, hidden, first_cell))
    return _core.recurrent_forward(cell, *given, *rest, sequences)


def recurrent_backward(
    cell: str, dy, saved, weight, recurrent_weight, *, mask=None
) -> tuple[Tensor | None, ...]:
    """Gradients of `recurrent_forward`, through time from the last step to the first.

    Args:
        cell, weight, recurrent_weight, mask: as given to `recurrent_forward`.
        dy: (N, T, units), or (N, units), the gradient of the loss by y.
        saved: what `recurrent_forward` returned.
    Returns:
        (dx, dweight, drecurrent_weight, dbias, drecurrent_bias, dhidden, dcell), in the shapes of what they
        belong to; None for what the cell does not have.
    Raises:
        ValueError: shapes that do not fit.

    >>> one = st.ones((1, 1))
    >>> _, saved = st.ops.recurrent_forward("rnn_relu", st.ones((1, 3, 1)), one, one, st.zeros((1,)))
    >>> dx, *_ = st.ops.recurrent_backward("rnn_relu", st.ones((1, 3, 1)), saved, one, one)
    >>> dx.tolist()
    [[[3.0], [2.0], [1.0]]]
    """
    dy, weight, recurrent_weight = as_tensor(dy), as_tensor(weight), as_tensor(recurrent_weight)
    mask = None if mask is None else as_tensor(mask)
    dweight, drecurrent_weight = (
        empty(matrix.shape[::-1], dy.dtype).transpose((1, 0)) for matrix in (weight, recurrent_weight)
    )
    dbias = empty(weight.shape[:1], dy.dtype)
    drecurrent_bias = empty(weight.shape[:1], dy.dtype) if cell == "gru" else None
    written = dweight, drecurrent_weight, dbias, drecurrent_bias
    dx, dhidden, dcell = _core.recurrent_backward(
        cell, dy, saved, weight, recurrent_weight, mask, *written, True
    )
    return dx, *written, dhidden, dcell
