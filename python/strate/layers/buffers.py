"""One theta: all parameters of a model in one buffer, all gradients in another of the same plan.

Every parameter starts on a 64-byte boundary. The gaps are zero and stay zero: no gradient is ever
written there, and they are neither counted nor saved.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator

from strate import _core
from strate.layers import tree
from strate.random import LAYERS, seed_of
from strate.shapes import elements
from strate.tensor import Tensor, tensor, zeros

ALIGNMENT = 64  # bytes


class Place:
    """Where one declared tensor lies in a flat buffer."""

    __slots__ = ("begin", "declared", "end", "layer", "path")

    def __init__(self, path: str, layer, declared, begin: int):
        self.path, self.layer, self.declared = path, layer, declared
        self.begin, self.end = begin, begin + elements(declared.shape)

    def view(self, flat: Tensor) -> Tensor:
        """The tensor as users see it, in the memory order that the layer asked for."""
        layout = self.declared.layout
        memory = flat[self.begin : self.end].reshape(tuple(self.declared.shape[axis] for axis in layout))
        return memory.transpose(tuple(layout.index(axis) for axis in range(len(layout))))


class Buffers:
    """The memory of one model: theta, gradient, state, and the counter of random numbers."""

    def __init__(self, root, dtype: str, seed: int | None, fill: bool = True):
        self.root = weakref.ref(root)
        self.dtype, self.device = dtype, "cpu"
        self.seed = seed_of(seed)
        step = ALIGNMENT // {"float32": 4, "float64": 8}[dtype]
        self.parameters, size = plan(parameters_of(root), step)
        self.states, state_size = plan(states_of(root), step)
        self.theta = zeros((size,), dtype)
        self.gradient = zeros((size,), dtype)
        self.state = zeros((state_size,), dtype)
        self.random = tensor([self.seed, 0], "int64")
        self.counter = self.random[1:]
        self.steps = 0
        if fill:
            self.fill()

    def fill(self) -> None:
        """Initial values; the stream of random numbers is the parameter's place in the model."""
        places = [(self.theta, place) for place in self.parameters] + [
            (self.state, place) for place in self.states
        ]
        for ordinal, (flat, place) in enumerate(places):
            place.declared.init.fill(place.view(flat), *place.declared.fans, self.seed, ordinal)

    def bind(self) -> None:
        """Give every layer its views."""
        root = self.root()
        for ordinal, (_, layer) in enumerate(tree.walk(root)):
            set_plainly(layer, "_root", self.root)
            set_plainly(layer, "random", self.random)
            set_plainly(layer, "stream", LAYERS + ordinal)
        for place in self.parameters:
            set_plainly(place.layer, place.declared.name, place.view(self.theta))
            set_plainly(place.layer, "d" + place.declared.name, place.view(self.gradient))
        for place in self.states:
            set_plainly(place.layer, place.declared.name, place.view(self.state))

    def move(self, device: str) -> None:
        """Theta, gradient, state and counter to another device, and the views of all layers with them.

        Where memory there runs out, all stays as it was.
        """
        moved = [flat.to(device) for flat in (self.theta, self.gradient, self.state, self.random)]
        self.theta, self.gradient, self.state, self.random = moved
        self.counter = self.random[1:]
        self.device = device
        self.bind()

    def rewind(self, steps: int) -> None:
        """Set the count of training steps, on which random numbers depend."""
        self.steps = steps
        self.random[1] = steps

    def advance(self) -> None:
        """Count a training step, also in memory, so that the step may be recorded."""
        self.steps += 1
        _core.count_up(self.counter)

    def copy_from(self, other: Buffers) -> None:
        """Take over the values of the same model in another dtype."""
        for mine, flat, theirs, source in (
            (self.parameters, self.theta, other.parameters, other.theta),
            (self.states, self.state, other.states, other.state),
        ):
            for place, twin in zip(mine, theirs, strict=True):
                flat[place.begin : place.end].copy_from(source[twin.begin : twin.end])
        self.random.copy_from(other.random)
        self.steps = other.steps


def parameters_of(root) -> Iterator[tuple[str, object, object]]:
    """(path, layer, declaration) of every parameter, in the order of the layers."""
    for path, layer in tree.walk(root):
        for declared in layer._declared:
            yield ".".join((*map(str, path), declared.name)), layer, declared


def states_of(root) -> Iterator[tuple[str, object, object]]:
    """(path, layer, declaration) of every state."""
    for path, layer in tree.walk(root):
        for declared in layer._states:
            yield ".".join((*map(str, path), declared.name)), layer, declared


def plan(declarations, step: int) -> tuple[list[Place], int]:
    """Places one after the other, each on a multiple of `step` elements, and the size of it all."""
    places, size = [], 0
    for path, layer, declared in declarations:
        place = Place(path, layer, declared, size)
        places.append(place)
        size = -(-place.end // step) * step
    return places, size


def set_plainly(layer, name: str, value) -> None:
    """Set an attribute without the layer's protection of its parameters."""
    object.__setattr__(layer, name, value)
