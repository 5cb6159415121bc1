"""What layers made of layers share."""

from __future__ import annotations

from strate.layers import tree
from strate.layers.layer import Layer
from strate.shapes import batch
from strate.tensor import Tensor, as_tensor


class Container(Layer):
    """A layer that runs others; the subclass says how their results come together.

    `forward_of` and `backward_of` run one of them, and check what a layer of the user's own returns.
    """

    capturable = True
    bfloat16 = True

    def declare_inside(self, role: str, layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Build a layer inside; its errors say which it is."""
        try:
            return layer.declare(shape)
        except (ValueError, TypeError) as error:
            kind = ValueError if isinstance(error, ValueError) else TypeError
            raise kind(f"{role} ({type(layer).__name__}): {error}") from error

    def forward_of(self, layer: Layer, x: Tensor, training: bool, logits: bool = False) -> Tensor:
        """A layer's forward, or `forward_logits`."""
        y = layer.forward_logits(x, training) if logits else layer.forward(x, training)
        if tree.ours(layer):
            return y
        return received(self, y, layer, "forward_logits" if logits else "forward", layer.output_shape)

    def masked_forward_of(
        self, layer: Layer, x: Tensor, mask: Tensor | None, training: bool, logits: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """The same with masks: of x, and of what comes out."""
        y, after = layer.forward_masked(x, mask, training, logits)
        method = "forward_logits" if logits else "forward"
        return (y if tree.ours(layer) else received(self, y, layer, method, layer.output_shape)), after

    @property
    def makes_mask(self) -> bool:
        """Whether a layer inside makes a mask."""
        return any(layer.makes_mask for layer in self.children())

    @property
    def whole_numbers(self) -> bool:
        """Whether x holds whole numbers, because a layer inside takes it as such."""
        return any(layer.whole_numbers for layer in self.children())

    def backward_of(self, layer: Layer, dy: Tensor) -> Tensor | None:
        """A layer's backward; None where nobody reads it."""
        dx = layer.backward(dy)
        if tree.ours(layer) or (dx is None and not layer.need_dx):
            return dx
        return received(self, dx, layer, "backward", layer.input_shape)

    def ask_dx(self, wanted):
        super().ask_dx(wanted)
        for layer in self.children():
            layer.ask_dx(wanted)


def check_layer(role: str, layer) -> Layer:
    """`layer` if it is one."""
    if isinstance(layer, Layer):
        return layer
    hint = f", write {layer.__name__}(...)" if isinstance(layer, type) else ""
    raise TypeError(f"{role} is not a Layer{hint}; got {layer!r}")


def received(owner: Layer, value, layer: Layer, method: str, shape: tuple[int, ...]) -> Tensor:
    """What a user's layer returned, as a tensor in the model's dtype."""
    if value is None:
        raise TypeError(f"{place_in(owner, layer)}: {method} returned None")
    memory = owner._memory()
    value = as_tensor(value, memory.dtype, memory.device)
    if value.shape[1:] != shape:
        raise ValueError(
            f"{place_in(owner, layer)}: {method} returned shape {value.shape}; build promised {batch(shape)}"
        )
    return value


def place_in(owner: Layer, layer: Layer) -> str:
    """ "layer 3 (Conv2D)", also for a layer inside of one that was merged away."""
    return tree.where(owner, tree.path_of(owner, layer))
