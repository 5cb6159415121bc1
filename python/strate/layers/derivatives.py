"""The derivative of an activation, left to the layer that follows: it computes it in the pass that writes dx.

A class that leaves it has methods `own_activation()`, the activation or None, and `leave_derivative()`,
after which `backward` takes the gradient before the activation. One that takes it has
`take_derivative(activation)`, which says whether `backward` will give dx times that derivative from then on.
"""

from __future__ import annotations

from itertools import pairwise

from strate.layers import tree


def own_activation(layer):
    """The elementwise activation that ends a layer, if it may leave its derivative to others."""
    possible = tree.untouched(layer) and hasattr(type(layer), "own_activation")
    return layer.own_activation() if possible else None


def take_derivative(layer, activation) -> bool:
    """Whether the layer will multiply its dx by the derivative of the activation that made its x."""
    possible = tree.untouched(layer) and hasattr(type(layer), "take_derivative")
    return possible and layer.take_derivative(activation)


def link(layers) -> None:
    """Leave derivatives from layer to layer of a row in which each is given what the one before returned."""
    for first, second in pairwise(layers):
        activation = own_activation(first)
        if activation is not None and take_derivative(second, activation):
            first.leave_derivative()
