"""Something added to what a layer returns, forward or backward, in the layer's own pass where it can.

A class that can has methods `forward_added(x, other, combine, training)` and
`backward_added(dy, other, before, x)`; they return None, and have done nothing, where the object at hand
cannot.
"""

from __future__ import annotations

from strate import _core
from strate.layers import activation as activations
from strate.layers import tree

SUM = _core.Combine("add", activations.IDENTITY)


def forward_added(layer, x, other, combine, training: bool):
    """`combine`, a sum with its activation, of layer.forward(x) and `other`.

    The layer's next backward takes the gradient by the sum.
    """
    y = None
    if tree.untouched(layer) and hasattr(type(layer), "forward_added"):
        y = layer.forward_added(x, other, combine, training)
    return _core.combine_forward(layer.forward(x, training), other, combine) if y is None else y


def backward_added(layer, dy, other, before, x):
    """layer.backward(dy) + other, of a layer whose dx is asked for.

    Args:
        before: None, or the activation that returned x: the sum is multiplied by its derivative.
    """
    dx = None
    if tree.untouched(layer) and hasattr(type(layer), "backward_added"):
        dx = layer.backward_added(dy, other, before, x)
    if dx is not None:
        return dx
    dx = _core.combine_forward(layer.backward(dy), other, SUM)
    return dx if before is None else _core.activation_backward(dx, x, before)
