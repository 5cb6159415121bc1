from __future__ import annotations

from math import isfinite

from strate import _core
from strate.layers import activation as activations
from strate.layers.layer import Layer
from strate.shapes import elements


class BatchNorm(Layer):
    """y = gamma xhat + beta, xhat = (x - mean) / sqrt(variance + epsilon), channel by channel.

    Ioffe and Szegedy, 2015. In training mean and variance are the batch's, over all axes but the
    last, and running averages of them move:
    running = momentum running + (1 - momentum) batch's. Otherwise those running averages are used.
    The variance that normalises is divided by the number n of values; the running one takes the
    batch's divided by n - 1, as in PyTorch. With `trainable = False` the running averages are used
    in training too, and stay as they are.

    An elementwise activation that follows is computed in the same pass, and a Dense or Conv2D
    without an activation takes this layer over: outside of training its weights then include the
    normalisation, unless they are more numbers than its outputs.

    Args:
        momentum: 0 to 1, what the running averages keep in a step. Default: 0.9.
        epsilon: added to the variance, above 0. Default: 1e-5.
        center: whether there is a beta. Default: True.
        scale: whether there is a gamma. Default: True.
    Shapes:
        x (N, ..., C) -> y (N, ..., C)
        gamma, beta, running_mean, running_variance (C)
    Raises:
        ValueError: in training, one value per channel; a momentum or epsilon out of range.

    >>> st.BatchNorm(epsilon=1e-30)(st.tensor([[1.0], [3.0]]), training=True).tolist()
    [[-1.0], [1.0]]
    """

    capturable = True
    bfloat16 = True
    settings = ("momentum", "epsilon", "center", "scale")

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, center: bool = True, scale: bool = True):
        self.momentum, self.epsilon = float(momentum), float(epsilon)
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"0 <= momentum <= 1; got momentum={momentum}")
        if not (isfinite(self.epsilon) and self.epsilon > 0):
            raise ValueError(f"epsilon is above 0; got epsilon={epsilon}")
        self.center, self.scale = bool(center), bool(scale)
        if not center:
            self.beta = self.dbeta = None
        if not scale:
            self.gamma = self.dgamma = None

    def build(self, input_shape):
        if not input_shape:
            raise ValueError("BatchNorm needs an axis of channels; got single numbers")
        channels = input_shape[-1:]
        if self.scale:
            self.parameter("gamma", channels, 1.0, decay=False)
        if self.center:
            self.parameter("beta", channels, "zeros", decay=False)
        self.state("running_mean", channels, "zeros")
        self.state("running_variance", channels, 1.0)
        self.kernel, self.output_activation = activations.IDENTITY, "identity"
        return input_shape

    def forward(self, x, training=False):
        return self._forward(x, training, self.kernel, None)

    def forward_added(self, x, other, combine, training):
        if self.output_activation != "identity":
            return None
        return self._forward(x, training, combine.activation, other)

    def _forward(self, x, training, kernel, added):
        by_batch = training and self._trainable
        y, statistics = _core.batch_norm_forward(
            x,
            self.gamma,
            self.beta,
            self.running_mean,
            self.running_variance,
            self.momentum,
            self.epsilon,
            by_batch,
            kernel,
            added,
        )
        if training:
            self.keep((x, statistics, by_batch))
        return y

    def backward(self, dy):
        x, statistics, by_batch = self.take_saved()
        dgamma, dbeta = (self.dgamma, self.dbeta) if self._trainable else (None, None)
        return _core.batch_norm_backward(
            dy, x, statistics, self.gamma, self.beta, by_batch, self.kernel, dgamma, dbeta, self.need_dx
        )

    def folded(self, weight, bias):
        """Weight and bias of the layer before, with the normalisation by the running averages in them."""
        return _core.batch_norm_fold(
            weight, bias, self.gamma, self.beta, self.running_mean, self.running_variance, self.epsilon
        )

    def absorb(self, following):
        if not activations.within(following) or self.output_activation != "identity":
            return False
        self.kernel, self.output_activation = following.kernel, following.kind
        return True

    def multiply_adds(self):
        return elements(self.input_shape)
