"""What Dense and Conv2D share: weights, a bias, and what their kernel does besides."""

from __future__ import annotations

from strate import _core, initializers
from strate.layers import activation as activations
from strate.layers.batch_norm import BatchNorm
from strate.layers.layer import Layer
from strate.shapes import elements


class Affine(Layer):
    """z = W x + w_0, y = g(z), in one kernel; the subclass says what W x means.

    `absorb` takes over an elementwise activation that follows a layer without one, or a BatchNorm
    and the activation after it: in training that layer works on z, with parameters and gradients of
    its own; otherwise it is folded into W and w_0. In a model with fuse=False all are computed one
    after the other, and a training step leaves z in `self.z` and its gradient in `self.dz`, to look
    at.
    """

    capturable = True
    bfloat16 = True
    keeps_z = False
    norm: BatchNorm | None = None  # that was taken over
    adds = False  # whether its kernels add to what they give
    folds = True  # whether the first axis of W is that of the outputs, as a BatchNorm to fold into it needs

    def _set(self, activation, bias: bool, init) -> None:
        self.activation = activations.fused(activation)
        self.use_bias = bool(bias)
        self.init = initializers.get("glorot_uniform" if init is None else init)
        if not bias:
            self.bias = self.dbias = None

    def _declare_parameters(self, shape, layout, fans, init=None, count=None, units=None) -> None:
        self.parameter("weight", shape, init or self.init, layout, fans=fans, count=count)
        if self.use_bias:
            self.parameter("bias", (units or shape[0],), "zeros", decay=False)
        self.kernel, self.keeps_z, self.norm = self.activation.kernel, False, None
        self.derivative_left = False
        self.output_activation = self.activation.kind

    def _affine(self, x, kernel, weight, bias, *added):
        """g(W x + w_0), g as the kernel says; where it `adds`, g(W x + w_0 + added)."""
        raise NotImplementedError

    def _gradients(self, dy, x, y, kernel, *afterwards):
        """dx, and the gradients of the parameters written; where it `adds`, `afterwards` may be what is added
        to dx, and the activation whose derivative dx is multiplied by.
        """
        raise NotImplementedError

    def forward(self, x, training=False):
        if training or self.norm is not None:
            return self._forward(x, training, self.kernel)
        return self._affine(x, self.kernel, self.weight, self.bias)

    def forward_logits(self, x, training=False):
        skipped = self.output_activation in activations.LOGITS
        return self._forward(x, training, activations.IDENTITY if skipped else self.kernel)

    def forward_added(self, x, other, combine, training):
        if self.output_activation != "identity" or self.keeps_z or not self.adds:
            return None
        if self.norm is not None:
            return self._normalised(x, training, combine, other)
        if training:
            self.keep((x, None, activations.IDENTITY))
        return self._affine(x, combine.activation, self.weight, self.bias, other)

    def _forward(self, x, training, kernel):
        if self.norm is not None:
            return self._normalised(x, training)
        if self.keeps_z and training:
            self.z = self._affine(x, activations.IDENTITY, self.weight, self.bias)
            y = _core.activation_forward(self.z, kernel)
        else:
            y = self._affine(x, kernel, self.weight, self.bias)
        if training:
            self.keep((x, y, kernel))
        return y

    def _normalised(self, x, training, combine=None, *added):
        if not training and x.shape[0] * elements(self.output_shape) >= self.weight.size:
            kernel = self.norm.kernel if combine is None else combine.activation
            return self._affine(x, kernel, *self.norm.folded(self.weight, self.bias), *added)
        z = self._affine(x, activations.IDENTITY, self.weight, self.bias)
        if training:
            self.keep((x, None, activations.IDENTITY))
        if combine is None:
            return self.norm.forward(z, training)
        return self.norm.forward_added(z, *added, combine, training)

    def backward(self, dy):
        return self._backward(dy)

    def backward_added(self, dy, other, before, x):
        return self._backward(dy, other, before) if self.adds else None

    def own_activation(self):
        plain = self.norm is None and not self.keeps_z
        return self.kernel if plain and self.output_activation not in ("identity", "softmax") else None

    def leave_derivative(self):
        self.derivative_left = True

    def _backward(self, dy, *afterwards):
        x, y, kernel = self.take_saved()
        if self.derivative_left:
            kernel = activations.IDENTITY
        if self.norm is not None:
            self.norm.ask_dx(self.need_dx or self._trainable)
            dy = self.norm.backward(dy)
            if dy is None:
                return None
        if self.keeps_z:
            self.dz = dy = _core.activation_backward(dy, y, kernel)
            kernel = activations.IDENTITY
        return self._gradients(dy, x, y, kernel, *afterwards)

    def absorb(self, following):
        if self.norm is not None:
            taken = self.norm.absorb(following)
            self.output_activation = self.norm.output_activation
            return taken
        if self.output_activation != "identity":
            return False
        if isinstance(following, BatchNorm):
            if not self.folds:
                return False
            self.norm, self.output_activation = following, following.output_activation
            return True
        if not activations.elementwise(following):
            return False
        self.kernel, self.output_activation = following.kernel, following.kind
        return True

    def keep_z(self):
        self.keeps_z = True

    def config(self):
        return {
            "activation": activations.describe(self.activation),
            "bias": self.use_bias,
            "init": initializers.describe(self.init),
        }
