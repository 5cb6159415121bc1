from __future__ import annotations

from math import isfinite

from strate import _core
from strate.layers import tree
from strate.layers.container import Container, check_layer
from strate.layers.layer import Layer
from strate.layers.parallel import PRODUCT
from strate.layers.residual import SUM
from strate.losses.masked import loss_of
from strate.tensor import full


class Auxiliary(Container):
    """y = x, and in training a second loss on head(x), weighed and added to the model's own (GoogLeNet).

    The head is trained on the same targets, by the same loss, so it gives outputs as the model does.
    Outside of training it is not run.

    Args:
        head: the layer that ends in outputs.
        weight: of its loss. Default: 0.3.
    Shapes:
        x (N, ...) -> y (N, ...)
    Raises:
        ValueError: a weight that is not above 0.
    Source:
        C. Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 5.

    >>> layer = st.Auxiliary(st.Dense(10, activation="softmax"), weight=0.3)
    >>> layer(st.ones((2, 5))).shape
    (2, 5)
    """

    passes_on = takes_mask = True
    settings = ("head", "weight")

    def __init__(self, head: Layer, weight: float = 0.3):
        self.head, self.weight = check_layer("head", head), float(weight)
        if not (isfinite(self.weight) and self.weight > 0):
            raise ValueError(f"Auxiliary: weight is above 0; got weight={weight}")

    makes_mask = whole_numbers = False  # the head's are its own

    def children(self):
        return (self.head,)

    def build(self, input_shape):
        self.declare_inside("head", self.head, input_shape)
        return input_shape

    def forward(self, x, training=False, mask=None):
        if training:
            self.keep([x, mask])
        return x

    def learn(self, loss, target) -> float:
        """Run the head forward and backward on what `forward` saw; returns its weighed loss.

        The step calls this between the model's forward and backward.
        """
        x, mask = self.take_saved()
        logits = loss.takes_over(self.head.output_activation)
        y, mask = self.masked_forward_of(self.head, x, mask, True, logits)
        value, dy = loss_of(loss, y, target, mask)[:2]
        weights = full(dy.shape, self.weight, dy.dtype, dy.device)
        self.keep((self.backward_of(self.head, _core.combine_forward(dy, weights, PRODUCT)),))
        return self.weight * float(value)

    def backward(self, dy):
        saved = self.take_saved()
        if type(saved) is not tuple:  # no second loss was asked for
            self._forget_gradients()
            return dy
        (dx,) = saved
        return _core.combine_forward(dy, dx, SUM) if self.need_dx else None

    def receptive_field(self, seen, through):
        through(self.head, seen)
        return seen

    def _forget_gradients(self) -> None:
        for _, layer in tree.walk(self.head):
            for declared in layer._declared:
                getattr(layer, "d" + declared.name).fill(0)
