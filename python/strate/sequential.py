"""Layers one after the other."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

from strate.layers import derivatives, tree
from strate.layers.added import backward_added, forward_added
from strate.layers.container import check_layer, received
from strate.layers.layer import Layer
from strate.model import Model
from strate.shapes import shape_of, text
from strate.tensor import Tensor


class Sequential(Model):
    """y = layer_L(... layer_2(layer_1(x))): a network as a list of layers.

    Args:
        layers: the layers, first to last; a Sequential may be one of them.
        input_shape: of one sample. Default: taken from the first data that the model meets.
        seed: of weights and dropout. Default: a fresh one.
        fuse: whether an activation is computed with what comes before it, its derivative with what comes
            behind. False takes them one by one, and a training step leaves `z` and `dz` on every Dense and
            Conv2D, to look at.
        dtype: "float32" (default) or "float64".
        name: for messages. Default: "Sequential".
    Raises:
        ValueError: a layer that does not fit the one before, with its position and the arithmetic.

    >>> model = st.Sequential([st.Flatten(), st.Dense(10, activation="softmax")], input_shape=(28, 28, 1))
    >>> model.output_shape
    (10,)
    """

    capturable = True
    bfloat16 = True
    passes_on = True
    settings = ("layers", "fuse")

    def __init__(
        self,
        layers: Iterable[Layer],
        input_shape=None,
        seed: int | None = None,
        fuse: bool = True,
        dtype: str = "float32",
        name: str | None = None,
    ):
        super().__init__(seed=seed, dtype=dtype, name=name)
        self.layers = tuple(layers)
        for place, layer in enumerate(self.layers, 1):
            check_layer(f"layer {place}", layer)
        if not self.layers:
            raise ValueError("Sequential needs at least one layer; got none")
        self.fuse = bool(fuse)
        self._order: list[Layer] = []
        self._steps: list[tuple[Layer, bool]] = []
        self._asked_shape = None if input_shape is None else shape_of(input_shape)
        if input_shape is not None:
            self.declare_all(self._asked_shape)

    def children(self):
        return self.layers

    def declare(self, input_shape):
        if self.built and self._buffers is None and self.is_outermost:
            self.forget()  # it was worked out on its own, and becomes part of another model
        return super().declare(input_shape)

    def build(self, input_shape):
        if self._asked_shape not in (None, input_shape):
            raise ValueError(f"{self.name} was made for {text(self._asked_shape)}, got {text(input_shape)}")
        shape = input_shape
        for place, layer in enumerate(self.layers):
            try:
                shape = layer.declare(shape)
            except (ValueError, TypeError) as error:
                raise self._located(error, place, shape) from error
        self._arrange(list(self.layers))
        return shape

    def fuse_inside(self):
        if not self.fuse:
            self.keep_z()
            return
        super().fuse_inside()
        order: list[Layer] = []
        for layer in self.layers:
            if not (order and taken_over(order[-1], layer)):
                order.append(layer)
        self._arrange(order)

    def absorb(self, following):
        return bool(self.fuse and self._order) and self._order[-1].absorb(following)

    def forward(self, x, training=False):
        if self.makes_mask:
            return self.forward_masked(x, None, training)[0]
        if self._buffers or self.is_outermost:
            x = self._begin(x, training)
        return self._run(x, training, self._steps)

    def forward_masked(self, x, mask, training=False, logits=False):
        if self._buffers or self.is_outermost:
            x = self._begin(x, training)
        for layer, foreign in self._steps:
            last = logits and layer is self._order[-1]
            try:
                x, mask = layer.forward_masked(x, mask, training, last)
                if foreign:
                    x = received(self, x, layer, "forward", layer.output_shape)
            except Exception as error:
                self._note(error, layer)
                raise
        return x, mask

    def forward_logits(self, x, training=False):
        if self.makes_mask:
            return self.forward_masked(x, None, training, logits=True)[0]
        if self._buffers or self.is_outermost:
            x = self._begin(x, training)
        x = self._run(x, training, self._steps[:-1])
        if not self._steps:
            return x
        layer, foreign = self._steps[-1]
        x = layer.forward_logits(x, training)
        return received(self, x, layer, "forward_logits", layer.output_shape) if foreign else x

    def forward_added(self, x, other, combine, training):
        if not self._order or self.makes_mask or self._steps[-1][1] or not self.fuse:
            return None
        x = self._run(x, training, self._steps[:-1])
        try:
            return forward_added(self._order[-1], x, other, combine, training)
        except Exception as error:
            self._note(error, self._order[-1])
            raise

    def backward(self, dy):
        return self._back(dy, self._steps)

    def backward_added(self, dy, other, before, x):
        if not self._order or self._steps[0][1]:
            return None
        return backward_added(self._order[0], self._back(dy, self._steps[1:]), other, before, x)

    def own_activation(self):
        return derivatives.own_activation(self._order[-1]) if self._order else None

    def leave_derivative(self):
        self._order[-1].leave_derivative()

    def take_derivative(self, activation):
        return bool(self._order) and derivatives.take_derivative(self._order[0], activation)

    def link(self):
        """Once all is merged: derivatives of activations are left to the layers that follow."""
        derivatives.link(self._order)

    def _back(self, dy, steps):
        for layer, foreign in reversed(steps):
            dy = layer.backward(dy)
            if dy is None and not layer.need_dx:
                return None
            if foreign:
                dy = received(self, dy, layer, "backward", layer.input_shape)
        return dy

    @property
    def whole_numbers(self) -> bool:
        """Whether the first layer that does not pass x on takes whole numbers."""
        for layer in self.layers:
            if layer.whole_numbers or not layer.passes_on:
                return layer.whole_numbers
        return False

    @property
    def output_activation(self) -> str:
        """Name of the activation of the last layer."""
        return self._order[-1].output_activation if self._order else "identity"

    def ask_dx(self, wanted):
        super().ask_dx(wanted)
        for layer, _ in self._steps:
            layer.ask_dx(wanted)
            wanted = wanted or learns(layer)

    def receptive_field(self, seen, through):
        for layer in self.layers:
            seen = through(layer, seen)
        return seen

    def config(self):
        return {"layers": list(self.layers), "fuse": self.fuse, "name": self.name}

    def __repr__(self) -> str:
        inside = ",\n".join(repr(layer) for layer in self.layers).replace("\n", "\n    ")
        return f"{type(self).__name__}([\n    {inside},\n])"

    def _arrange(self, order: list[Layer]) -> None:
        self._order = order
        self.makes_mask = any(layer.makes_mask for layer in order)
        self._steps = [(layer, not tree.ours(layer)) for layer in order]

    def _begin(self, x, training: bool) -> Tensor:
        x = self.prepare(x)
        if training:
            self._buffers.advance()
            if not self.need_dx and not self._training.locked():
                self.ask_dx(True)  # after a train_on_batch, which leaves it as it was asked
        return x

    def _run(self, x, training, steps):
        layer = self
        try:
            for layer, foreign in steps:
                x = layer.forward(x, training)
                if foreign:
                    x = received(self, x, layer, "forward", layer.output_shape)
        except Exception as error:
            self._note(error, layer)
            raise
        return x

    def _note(self, error: Exception, layer: Layer) -> None:
        if hasattr(error, "add_note"):
            error.add_note(f"in layer {self.layers.index(layer) + 1} ({type(layer).__name__}) of {self.name}")

    def _located(self, error: Exception, place: int, shape: tuple[int, ...]) -> Exception:
        """The same error with the layer's position, and what came before it."""
        message = f"layer {place + 1} ({type(self.layers[place]).__name__}): {error}"
        if place and not isinstance(self.layers[place], Sequential):
            before = type(self.layers[place - 1]).__name__
            message += f"; the layer before, {before}, gives {text(shape)}"
        return (ValueError if isinstance(error, ValueError) else TypeError)(message)


def learns(layer: Layer) -> bool:
    """Whether the optimiser changes anything in a layer, in those inside or in those that it took over."""
    inside = [inner for _, inner in tree.walk(layer)]
    return any(inner._declared and inner.trainable for inner in inside) or any(
        learns(taken) for inner in inside for taken in inner.absorbed
    )


def taken_over(previous: Layer, layer: Layer) -> bool:
    """Offer a layer to the one before; a Sequential is offered layer by layer, from its front."""
    if isinstance(layer, Sequential):
        if not layer.fuse:
            return False
        while layer._order and taken_over(previous, layer._order[0]):
            layer._arrange(layer._order[1:])
        return not layer._order
    if not previous.absorb(layer):
        return False
    layer._absorbed_by = weakref.ref(previous)
    previous.absorbed = (*previous.absorbed, layer)
    return True
