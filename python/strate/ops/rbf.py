from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def rbf_forward(x, codes) -> Tensor:
    """y[n,i] = -sum over j of (x[n,j] - codes[i,j])^2: the nearest code has the largest output.

    Args:
        x: (N, inputs).
        codes: (units, inputs), constants.
    Returns:
        y (N, units).
    Raises:
        ValueError: shapes that do not fit.

    >>> st.ops.rbf_forward(st.tensor([[1.0, -1.0]]), st.tensor([[1.0, -1.0], [1.0, 1.0]])).tolist()
    [[-0.0, -4.0]]
    """
    return _core.rbf_forward(as_tensor(x), as_tensor(codes))


def rbf_backward(dy, x, codes) -> Tensor:
    """dx[n,j] = -2 sum over i of dy[n,i] (x[n,j] - codes[i,j]).

    Args:
        dy: (N, units).
        x, codes: as in forward.
    Returns:
        dx, in the shape of x.

    >>> st.ops.rbf_backward(st.tensor([[1.0]]), st.tensor([[3.0]]), st.tensor([[1.0]])).tolist()
    [[-4.0]]
    """
    return _core.rbf_backward(as_tensor(dy), as_tensor(x), as_tensor(codes))
