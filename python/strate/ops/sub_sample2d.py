from __future__ import annotations

from strate import _core
from strate.geometry import pair
from strate.tensor import Tensor, as_tensor, empty


def sub_sample2d_forward(
    x, weight, bias, window=2, *, activation: str = "identity", slope: float = 0.01
) -> Tensor:
    """y[n,i,j,c] = g(weight[c] * sum over the window of x[n,...,c] + bias[c]), windows side by side.

    Args:
        x: (N, H, W, C).
        weight, bias: (C).
        window: side in pixels, or (height, width).
        activation, slope: g.
    Returns:
        y (N, H // height, W // width, C).
    Raises:
        ValueError: shapes that do not fit.

    >>> x = st.ones((1, 2, 2, 1), "float64")
    >>> st.ops.sub_sample2d_forward(x, st.tensor([0.5]), st.tensor([1.0])).item()
    3.0
    """
    kernel = _core.Activation(activation, slope)
    return _core.sub_sample2d_forward(
        as_tensor(x), as_tensor(weight), as_tensor(bias), pair("window", window), kernel
    )


def sub_sample2d_backward(
    dy, x, weight, y=None, window=2, *, activation: str = "identity", slope: float = 0.01
) -> tuple[Tensor | None, Tensor, Tensor]:
    """With dz = dy g'(z): dx = weight[c] dz of the window, dweight = sum of dz times the window's sum.

    Args:
        dy: (N, H', W', C).
        x, weight, window, activation, slope: as in forward.
        y: what forward returned; needed unless g is the identity.
    Returns:
        (dx, dweight, dbias).

    >>> x = st.ones((1, 2, 2, 1), "float64")
    >>> dx, dweight, dbias = st.ops.sub_sample2d_backward(st.tensor([[[[2.0]]]]), x, st.tensor([0.5]))
    >>> dx.numpy().ravel().tolist(), dweight.tolist(), dbias.tolist()
    ([1.0, 1.0, 1.0, 1.0], [8.0], [2.0])
    """
    dy, x, weight = as_tensor(dy), as_tensor(x), as_tensor(weight)
    y = None if y is None else as_tensor(y)
    kernel = _core.Activation(activation, slope)
    dweight, dbias = empty(weight.shape, x.dtype), empty(weight.shape, x.dtype)
    dx = _core.sub_sample2d_backward(dy, x, weight, y, pair("window", window), kernel, dweight, dbias, True)
    return dx, dweight, dbias
