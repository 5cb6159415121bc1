from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def activation_forward(x, kind: str, *, slope: float = 0.01) -> Tensor:
    """y = g(x), element by element; softmax along the last axis.

    identity x; relu max(0, x); leaky_relu x if x > 0 else slope x; sigmoid 1 / (1 + exp(-x)); tanh;
    scaled_tanh A tanh(S x), A = 1.7159, S = 2 / 3;
    softmax exp(x_i) / sum over c of exp(x_c), shifted by the largest so that it stays finite.

    Args:
        x: any shape; softmax needs at least one axis.
        kind: the name above.
        slope: of leaky_relu below zero.
    Returns:
        y, in the shape of x.
    Raises:
        ValueError: an unknown kind.

    >>> st.ops.activation_forward(st.tensor([-1.0, 0.0, 2.0]), "relu").tolist()
    [0.0, 0.0, 2.0]
    """
    return _core.activation_forward(as_tensor(x), _core.Activation(kind, slope))


def activation_backward(dy, y, kind: str, *, slope: float = 0.01) -> Tensor:
    """dx = dy * g'(x), written in terms of y = g(x).

    identity dy; relu dy where y > 0, else 0; leaky_relu slope dy where y <= 0; sigmoid dy y (1 - y);
    tanh dy (1 - y^2); scaled_tanh dy S / A (A^2 - y^2); softmax y_i (dy_i - sum over c of dy_c y_c).

    Args:
        dy, y: the same shape; y is what forward returned.
        kind, slope: as in forward.
    Returns:
        dx, in the shape of y.

    >>> y = st.tensor([0.0, 2.0])
    >>> st.ops.activation_backward(st.ones((2,), "float64"), y, "relu").tolist()
    [0.0, 1.0]
    """
    return _core.activation_backward(as_tensor(dy), as_tensor(y), _core.Activation(kind, slope))
