from __future__ import annotations

from strate import _core
from strate.tensor import as_tensor, empty


def layer_norm_forward(x, gamma=None, beta=None, *, epsilon: float = 1e-5):
    """y = gamma xhat + beta, xhat = (x - mean) / sqrt(variance + epsilon), by each row's own statistics.

    Args:
        x: (..., C); mean and variance (divided by C) are over the last axis.
        gamma, beta: (C). Default: 1 and 0.
        epsilon: above 0.
    Returns:
        (y, statistics): statistics is float64 (rows, 2), mean and 1 / sqrt(variance + epsilon), for
        `layer_norm_backward`.
    Raises:
        ValueError: shapes that do not fit, epsilon not above 0.

    >>> st.ops.layer_norm_forward(st.tensor([[1.0, 3.0]]), epsilon=1e-30)[0].tolist()
    [[-1.0, 1.0]]
    """
    gamma, beta = (None if value is None else as_tensor(value) for value in (gamma, beta))
    return _core.layer_norm_forward(as_tensor(x), gamma, beta, epsilon)


def layer_norm_backward(dy, x, statistics, gamma=None):
    """Gradients of `layer_norm_forward`.

    dbeta = sum of dy, dgamma = sum of dy xhat over the rows; with d = dy gamma,
    dx = (d - mean(d) - xhat mean(d xhat)) / sqrt(variance + epsilon), the means over the row.

    Args:
        dy: in the shape of x.
        x, gamma: as in forward.
        statistics: what forward returned.
    Returns:
        (dx, dgamma, dbeta).

    >>> x, dy = st.tensor([[1.0, 3.0]]), st.tensor([[1.0, 0.0]])
    >>> y, statistics = st.ops.layer_norm_forward(x, epsilon=1e-30)
    >>> dx, dgamma, dbeta = st.ops.layer_norm_backward(dy, x, statistics)
    >>> dgamma.tolist(), dbeta.tolist()
    ([-1.0, 0.0], [1.0, 0.0])
    """
    dy, x = as_tensor(dy), as_tensor(x)
    gamma = None if gamma is None else as_tensor(gamma)
    channels = x.shape[-1:] or (0,)
    dgamma, dbeta = empty(channels, x.dtype), empty(channels, x.dtype)
    return _core.layer_norm_backward(dy, x, statistics, gamma, dgamma, dbeta, True), dgamma, dbeta
