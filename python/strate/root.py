"""The outermost layer: it builds all layers inside, and owns the memory that they share."""

from __future__ import annotations

import threading
import weakref

from strate.batches import images, source
from strate.info import check_device
from strate.layers import Auxiliary, tree
from strate.layers.buffers import Buffers, Place
from strate.layers.layer import Layer
from strate.random import seed_of
from strate.shapes import shape_of, text
from strate.tensor import Tensor


class Root(Layer):
    """A layer that can be outermost: theta, gradient and state are its own.

    Attributes:
        theta: all parameters in one flat tensor, each from a 64-byte boundary on, gaps zero.
        gradient: their gradients, in the same places.
        state: what is saved but not trained, flat.
        seed: of weights and dropout; of no effect inside of another model.
        dtype: what it computes in.
        name: for messages.
        auxiliaries: the layers inside that add losses of their own in training.
    """

    def __init__(self, *, seed: int | None = None, dtype: str = "float32", name: str | None = None):
        if dtype not in ("float32", "float64"):
            raise ValueError(f'a model computes in "float32" or "float64"; got dtype={dtype!r}')
        if name is not None and not (isinstance(name, str) and name.isprintable()):
            raise TypeError(f"a model's name is printable text; got name={name!r}")
        self._dtype, self.name = dtype, name or type(self).__name__
        self.seed = None if seed is None else seed_of(seed)
        self._making = threading.RLock()

    def declare_all(self, input_shape) -> None:
        """Build as the outermost layer: work out every shape, merge what merges; no memory yet.

        Raises:
            ValueError, TypeError: a layer does not fit, with its place and the arithmetic.
        """
        tree.check_once(self)
        try:
            self.declare(shape_of(input_shape) if input_shape != () else ())
        except Exception:
            self.forget()
            raise
        self.fuse_inside()
        for _, layer in tree.walk(self):
            layer._root = weakref.ref(self)
            if hasattr(type(layer), "link") and tree.untouched(layer):
                layer.link()
        self.auxiliaries = [layer for _, layer in tree.walk(self) if isinstance(layer, Auxiliary)]

    def forget(self) -> None:
        """Undo the building of this model's layers, those excepted that belong to another model."""
        for _, layer in tree.walk(self):
            if layer._root is None or layer._root() is self:
                layer.built, layer._root = False, None

    @property
    def is_outermost(self) -> bool:
        """Whether this model is not part of another."""
        return self._root is None or self._root() is self

    @property
    def dtype(self) -> str:
        """What the model computes in."""
        root = None if self._root is None else self._root()
        return self._dtype if root is None or root._buffers is None else root._buffers.dtype

    @property
    def device(self) -> str:
        """Where the model's memory is: "cpu" or "cuda"."""
        root = None if self._root is None else self._root()
        return "cpu" if root is None or root._buffers is None else root._buffers.device

    def to(self, device: str):
        """Move parameters, gradients and state to "cpu" or "cuda"; returns the model.

        Tensors taken from the model before, such as `model.theta`, stay where they were and are no longer
        its own.

        Raises:
            RuntimeError: "cuda" where it is unavailable, with the reason; a part of another model.
            MemoryError: it does not fit; the model is then as it was.

        >>> st.Sequential([st.Dense(2)], input_shape=3).to("cpu").device
        'cpu'
        """
        check_device(device)
        if not self.is_outermost:
            raise RuntimeError(f"{self.name} is part of another model; move that one")
        if self._memory().device != device:
            self._memory().move(device)
            self._step = None
        return self

    def allocate(self, fill: bool = True) -> None:
        """Make theta, gradient and state, with initial weights; once, and only when first needed."""
        with self._making:
            if self._buffers is None:
                buffers = Buffers(self, self._dtype, self.seed, fill)
                self.seed = buffers.seed
                buffers.bind()
                self._buffers = buffers

    def _memory(self) -> Buffers:
        root = self._root() if self._root is not None else None
        if root is None:
            raise RuntimeError(f"{self.name} has no input_shape yet: give one, or call fit")
        if root._buffers is None:
            root.allocate()
        return root._buffers

    @property
    def theta(self) -> Tensor:
        """All parameters, flat."""
        return self._memory().theta

    @property
    def gradient(self) -> Tensor:
        """All gradients, flat, as the last backward left them."""
        return self._memory().gradient

    @property
    def state(self) -> Tensor:
        """What is not trained, flat."""
        return self._memory().state

    def places(self) -> list[Place]:
        """Where each parameter lies in theta."""
        return self._memory().parameters

    def parameters(self) -> dict[str, Tensor]:
        """Parameters by name, as views into theta: "0.weight" is the first layer's weight."""
        memory = self._memory()
        return {place.path: place.view(memory.theta) for place in memory.parameters}

    def states(self) -> dict[str, Tensor]:
        """States by name, as views into `state`."""
        memory = self._memory()
        return {place.path: place.view(memory.state) for place in memory.states}

    def prepare(self, x) -> Tensor:
        """x as a batch for this model: built for it if need be, in its dtype, uint8 scaled by 1/255.

        Raises:
            ValueError: another shape than the model was built for.
            TypeError: not real numbers.
        """
        memory = self._buffers
        if memory and type(x) is Tensor and x.dtype == memory.dtype and x.shape[1:] == self.input_shape:
            # The way of every batch in training.
            return x if memory.device == "cpu" else x.to(memory.device)
        if not self.built:
            x = source(x, self.dtype, self.whole_numbers)
            self.check_input(x.shape)
        dtype = self._memory().dtype
        if type(x) is not Tensor or x.dtype != dtype or x.shape[1:] != self.input_shape:
            x = source(x, dtype, self.whole_numbers)
            self.check_input(x.shape)
            x = images(x, 0, len(x), dtype)
        device = self._memory().device
        return x if device == "cpu" else x.to(device)

    def check_input(self, shape: tuple[int, ...]) -> None:
        """Build for a batch of this shape, or check it against the shape that the model has."""
        if self.built and shape[1:] == self.input_shape and shape:
            return
        if not shape:
            raise ValueError(f"{self.name} takes a batch, (N, ...); got a single number")
        with self._making:
            if not self.built:
                self.declare_all(shape[1:])
        if shape[1:] != self.input_shape:
            hint = ""
            if shape == self.input_shape:
                hint = "; one sample is a batch of one: x[None]"
            raise ValueError(f"{self.name} was built for {text(self.input_shape)}, got {shape}{hint}")
