from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor, empty


def batch_norm_forward(
    x,
    gamma=None,
    beta=None,
    *,
    running_mean=None,
    running_variance=None,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    activation: str = "identity",
    slope: float = 0.01,
):
    """y = g(gamma xhat + beta), xhat = (x - mean) / sqrt(variance + epsilon), by the batch's statistics.

    Mean and variance of each channel are taken over all axes but the last. The variance that
    normalises is divided by n; the running one takes the batch's divided by n - 1, as in PyTorch.

    Args:
        x: (..., C), with two values or more for each channel.
        gamma, beta: (C). Default: 1 and 0.
        running_mean, running_variance: tensors (C) to be moved:
            running = momentum running + (1 - momentum) batch's.
        momentum, epsilon: as above.
        activation: g, one of "identity", "relu", "leaky_relu", "sigmoid", "tanh".
        slope: of leaky_relu below zero.
    Returns:
        (y, statistics): statistics is float64 (2, C), mean and 1 / sqrt(variance + epsilon), for
        `batch_norm_backward`.
    Raises:
        ValueError: one value per channel, shapes that do not fit, epsilon not above 0.

    >>> y, statistics = st.ops.batch_norm_forward(st.tensor([[1.0], [3.0]]), epsilon=1e-30)
    >>> y.tolist()
    [[-1.0], [1.0]]
    """
    kernel = _core.Activation(activation, slope)
    return _core.batch_norm_forward(
        as_tensor(x),
        _optional(gamma),
        _optional(beta),
        running_mean,
        running_variance,
        momentum,
        epsilon,
        True,
        kernel,
    )


def batch_norm_inference(
    x,
    mean,
    variance,
    gamma=None,
    beta=None,
    *,
    epsilon: float = 1e-5,
    activation: str = "identity",
    slope: float = 0.01,
):
    """`batch_norm_forward` by a mean and a variance that are given.

    Args:
        x: (..., C).
        mean, variance: (C).
        gamma, beta, epsilon, activation, slope: as in `batch_norm_forward`.
    Returns:
        (y, statistics), as `batch_norm_forward`.

    >>> x, mean, variance = st.tensor([[5.0]]), st.tensor([3.0]), st.tensor([4.0])
    >>> st.ops.batch_norm_inference(x, mean, variance, epsilon=1e-30)[0].tolist()
    [[1.0]]
    """
    kernel = _core.Activation(activation, slope)
    return _core.batch_norm_forward(
        as_tensor(x),
        _optional(gamma),
        _optional(beta),
        as_tensor(mean),
        as_tensor(variance),
        1.0,
        epsilon,
        False,
        kernel,
    )


def batch_norm_backward(
    dy,
    x,
    statistics,
    gamma=None,
    beta=None,
    *,
    training: bool = True,
    activation: str = "identity",
    slope: float = 0.01,
):
    """Gradients of `batch_norm_forward`, or of `batch_norm_inference` if not `training`.

    dz = dy g'(z); dbeta = sum of dz, dgamma = sum of dz xhat over the n rows;
    dx = gamma (dz - dbeta / n - xhat dgamma / n) / sqrt(variance + epsilon) in training, otherwise
    without the last two terms.

    Args:
        dy: in the shape of x.
        x, gamma, beta, activation, slope: as in forward.
        statistics: what forward returned.
        training: whether the statistics were the batch's.
    Returns:
        (dx, dgamma, dbeta).

    >>> x, dy = st.tensor([[1.0], [3.0]]), st.tensor([[1.0], [0.0]])
    >>> y, statistics = st.ops.batch_norm_forward(x, epsilon=1e-30)
    >>> dx, dgamma, dbeta = st.ops.batch_norm_backward(dy, x, statistics)
    >>> dgamma.tolist(), dbeta.tolist()
    ([-1.0], [1.0])
    """
    x, dy = as_tensor(x), as_tensor(dy)
    channels = x.shape[-1:] or (0,)
    dgamma, dbeta = empty(channels, x.dtype), empty(channels, x.dtype)
    kernel = _core.Activation(activation, slope)
    dx = _core.batch_norm_backward(
        dy, x, statistics, _optional(gamma), _optional(beta), training, kernel, dgamma, dbeta, True
    )
    return dx, dgamma, dbeta


def batch_norm_fold(weight, bias, gamma, beta, mean, variance, *, epsilon: float = 1e-5):
    """Weight and bias of an affine map that includes the normalisation of its outputs.

    weight'[o] = weight[o] s[o], bias' = (bias - mean) s + beta, s = gamma / sqrt(variance + epsilon).

    Args:
        weight: (outputs, ...); its memory order is kept.
        bias: (outputs), or None.
        gamma, beta: (outputs), or None for 1 and 0.
        mean, variance: (outputs).
        epsilon: of the normalisation.
    Returns:
        (weight', bias').

    >>> weight, bias = st.ops.batch_norm_fold([[2.0]], None, [3.0], None, [1.0], [4.0], epsilon=1e-30)
    >>> weight.tolist(), bias.tolist()
    ([[3.0]], [-1.5])
    """
    return _core.batch_norm_fold(
        as_tensor(weight),
        _optional(bias),
        _optional(gamma),
        _optional(beta),
        as_tensor(mean),
        as_tensor(variance),
        epsilon,
    )


def _optional(value) -> Tensor | None:
    return None if value is None else as_tensor(value)
