from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor, empty


def dense_forward(x, weight, bias=None, *, activation: str = "identity", slope: float = 0.01) -> Tensor:
    """y = g(z), z[n, o] = sum over i of weight[o, i] x[n, i] + bias[o].

    Args:
        x: (..., inputs).
        weight: (units, inputs).
        bias: (units), or None.
        activation: g, one of "identity", "relu", "leaky_relu", "sigmoid", "tanh", "scaled_tanh",
            "softmax".
        slope: of leaky_relu below zero.
    Returns:
        y (..., units).
    Raises:
        ValueError: shapes that do not fit.
        TypeError: dtypes that differ, or are not float32 or float64.

    >>> x, weight = st.tensor([[1.0, 2.0]]), st.tensor([[3.0, 4.0], [5.0, 6.0]])
    >>> st.ops.dense_forward(x, weight).tolist()
    [[11.0, 17.0]]
    """
    bias = None if bias is None else as_tensor(bias)
    return _core.dense_forward(as_tensor(x), as_tensor(weight), bias, _core.Activation(activation, slope))


def dense_backward(dy, x, weight, y=None, *, activation: str = "identity", slope: float = 0.01):
    """Gradients of `dense_forward`.

    dz = dy * g'(z) (softmax: the Jacobian product); dx[n, i] = sum over o of dz[n, o] weight[o, i];
    dweight[o, i] = sum over n of dz[n, o] x[n, i]; dbias[o] = sum over n of dz[n, o].

    Args:
        dy: (..., units), gradient of the loss by y.
        x, weight: as given to `dense_forward`.
        y: what it returned; needed unless the activation is the identity.
    Returns:
        (dx, dweight, dbias), in the shapes of x, weight and bias.
    Raises:
        ValueError: shapes that do not fit, or y missing.

    >>> x, weight, dy = st.tensor([[1.0, 2.0]]), st.tensor([[3.0, 4.0]]), st.tensor([[1.0]])
    >>> [gradient.tolist() for gradient in st.ops.dense_backward(dy, x, weight)]
    [[[3.0, 4.0]], [[1.0, 2.0]], [1.0]]
    """
    dy, x, weight = as_tensor(dy), as_tensor(x), as_tensor(weight)
    y = None if y is None else as_tensor(y)
    units, inputs = weight.shape if weight.ndim == 2 else (0, 0)
    dweight, dbias = empty((inputs, units), x.dtype).transpose((1, 0)), empty((units,), x.dtype)
    kernel = _core.Activation(activation, slope)
    dx = _core.dense_backward(dy, x, weight, y, kernel, dweight, dbias, True)
    return dx, dweight, dbias
