"""What Dense and Conv2D share: weights, a bias, and the activation that their kernel applies."""

from __future__ import annotations

from strate import initializers
from strate.layers import activation as activations
from strate.layers.layer import Layer


class Affine(Layer):
    """z = W x + w_0, y = g(z), in one kernel; the subclass says what W x means.

    `absorb` takes over an elementwise activation that follows a layer without one.
    """

    capturable = True

    def _set(self, activation, bias: bool, init) -> None:
        self.activation = activations.fused(activation)
        self.use_bias = bool(bias)
        self.init = initializers.get(init)
        if not bias:
            self.bias = self.dbias = None

    def _declare_parameters(self, shape, layout, fans) -> None:
        self.parameter("weight", shape, self.init, layout, fans=fans)
        if self.use_bias:
            self.parameter("bias", (shape[0],), "zeros", decay=False)
        self.kernel = self.activation.kernel
        self.output_activation = self.activation.kind

    def absorb(self, following):
        elementwise = isinstance(following, activations.Activation) and following.kind != "softmax"
        if not elementwise or self.output_activation != "identity":
            return False
        self.kernel, self.output_activation = following.kernel, following.kind
        return True

    def forward(self, x, training=False):
        return self._forward(x, training, self.kernel)

    def forward_logits(self, x, training=False):
        softmax = self.output_activation == "softmax"
        return self._forward(x, training, activations.IDENTITY if softmax else self.kernel)

    def config(self):
        return {
            "activation": activations.describe(self.activation),
            "bias": self.use_bias,
            "init": initializers.describe(self.init),
        }
