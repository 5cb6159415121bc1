from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def local_response_norm_forward(
    x, *, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    """y_c = x_c / (k + alpha * sum of x_j^2)^beta, j the `size` channels around c that there are.

    As in AlexNet's paper, alpha is not divided by size.

    Args:
        x: (..., C).
        size: odd.
        k, alpha, beta: k above 0, alpha 0 or more.
    Returns:
        y, in the shape of x.
    Raises:
        ValueError: an even size, k not above 0, a negative alpha.

    >>> x = st.tensor([[1.0, 2.0, 3.0]])
    >>> st.ops.local_response_norm_forward(x, size=3, k=1.0, alpha=1.0, beta=1.0).numpy().round(4).tolist()
    [[0.1667, 0.1333, 0.2143]]
    """
    return _core.local_response_norm_forward(as_tensor(x), size, k, alpha, beta)


def local_response_norm_backward(
    dy, x, *, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    """dx of `local_response_norm_forward`.

    With d = k + alpha * sum of squares:
    dx_c = dy_c d_c^-beta - 2 alpha beta x_c * sum of dy_j x_j d_j^(-beta - 1) over the same channels.

    Args:
        dy: in the shape of x.
        x, size, k, alpha, beta: as in forward.
    Returns:
        dx, in the shape of x.

    >>> x, dy = st.tensor([[1.0]]), st.tensor([[1.0]])
    >>> dx = st.ops.local_response_norm_backward(dy, x, size=1, k=1.0, alpha=1.0, beta=1.0)
    >>> abs(float(dx[0, 0])) < 1e-15  # x / (1 + x^2) has its maximum at 1
    True
    """
    return _core.local_response_norm_backward(as_tensor(dy), as_tensor(x), size, k, alpha, beta)
