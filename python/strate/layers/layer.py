"""The base of every layer: forward, backward, and what they need declared beforehand."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from strate.config import constructor_arguments, described
from strate.geometry import Field
from strate.layers.buffers import Buffers
from strate.layers.declared import Declared, declared, write
from strate.shapes import shape_of
from strate.tensor import Tensor, as_tensor


class Layer:
    """A function with parameters: `forward(x) -> y` and `backward(dy) -> dx`.

    A layer of your own is a class with these methods, all in plain Python; numpy is welcome inside::

        class Scale(st.Layer):
            def build(self, input_shape):
                self.parameter("factor", input_shape, init=1.0)
                return input_shape

            def forward(self, x, training=False):
                x = x.numpy()
                if training:
                    self.saved = x
                return x * self.factor.numpy()

            def backward(self, dy):
                x, self.saved = self.saved, None
                dy = dy.numpy()
                self.dfactor = (dy * x).sum(0)
                return dy * self.factor.numpy()

    `build` declares parameters; afterwards `self.<name>` is a view into the model's `theta` and
    `self.d<name>` into its `gradient`, and assigning to either writes into that memory.
    `forward` keeps what `backward` needs only when training; `backward` overwrites the gradients of
    the parameters and drops what was kept.

    Attributes:
        trainable: False keeps the optimiser from this layer's parameters.
        capturable: True asserts that forward and backward depend on tensors alone, so that a step
            may be recorded once and replayed.
        passes_on: True if forward returns x itself, or a view of it, or what a layer inside returned.
        bfloat16: True if it works on tensors stored as bfloat16, in mixed precision, else it is given
            float32; a class with a forward or backward of its own says it anew.
        makes_mask, takes_mask: True if `mask_after` makes one; if forward has an argument `mask`.
        whole_numbers: True if x is whole numbers, never scaled.
        need_dx: False while nobody reads what `backward` returns (the first layer, in `fit`).
        output_activation: name of the activation that ends the layer.
    """

    capturable = False
    passes_on = False
    keeps_output = True  # until backward
    bfloat16 = False
    makes_mask = takes_mask = whole_numbers = False
    output_activation = "identity"
    settings: tuple[str, ...] = ()  # attributes that are read-only once built
    need_dx = True
    built = False
    saved = None
    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    random: Tensor | None = None  # int64[2]: the model's seed and its count of training steps
    stream = 0  # this layer's own sequence of random numbers
    _absorbed_by: weakref.ref | None = None
    absorbed: tuple[Layer, ...] = ()  # those whose work this one does
    _trainable = True
    _guarded: frozenset[str] = frozenset()
    _declared: tuple[Declared, ...] = ()
    _states: tuple[Declared, ...] = ()
    _root = None  # weak reference to the outermost layer, which owns the memory
    _buffers: Buffers | None = None  # on the outermost layer only
    _step = None  # likewise

    # What the author of a layer writes ------------------------------------------------------

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Declare parameters for inputs of this shape (without the batch axis); return the output's."""
        return input_shape

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """y for a batch x; keeps what backward needs if `training`."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(x, training)")

    def backward(self, dy: Tensor) -> Tensor:
        """dx for dy, the gradient of the loss by y; overwrites the gradients of the parameters."""
        raise NotImplementedError(f"{type(self).__name__} has no backward(dy)")

    def forward_logits(self, x: Tensor, training: bool = False, *mask) -> Tensor:
        """forward without a final softmax or sigmoid; the next backward takes the gradient by the logits."""
        return self.forward(x, training, *mask)

    def absorb(self, following: Layer) -> bool:
        """True if this layer takes over the work of the one that follows; asked once, after build."""
        return False

    def mask_after(self, x: Tensor, mask: Tensor | None) -> Tensor | None:
        """The mask (N, T), 0 for padding, or None, of what forward returned for x; the default: that of x."""
        return mask if self.input_shape[:1] == self.output_shape[:1] != () else None  # steps still there

    def forward_masked(
        self, x: Tensor, mask: Tensor | None, training: bool = False, logits: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """forward, or forward_logits, and the mask of what it returns."""
        method = self.forward_logits if logits else self.forward
        y = method(x, training, mask) if self.takes_mask else method(x, training)
        return y, self.mask_after(x, mask)

    def children(self) -> Sequence[Layer]:
        """The layers inside this one."""
        return ()

    def receptive_field(self, seen: Field | None, through) -> Field | None:
        """What one output sees of the image; None if that is no window, or not known.

        A layer that keeps height and width is taken to work pixel by pixel; others say it themselves.

        Args:
            seen: what one input sees.
            through: f(layer, seen), for a layer inside this one.
        """
        return seen if self.input_shape[:-1] == self.output_shape[:-1] != () else None

    def multiply_adds(self) -> int:
        """Multiplications with addition that forward makes for one sample."""
        return 0

    def algorithm(self, batch_size: int, dtype: str) -> str:
        """How forward computes a batch, where there is a choice; for `summary(verbose=True)`."""
        return ""

    def kept_bytes(self) -> int:
        """Bytes kept for backward, for one sample, besides the output itself."""
        return 0

    def config(self) -> dict:
        """The constructor's arguments as plain JSON; the default reads attributes of the same names."""
        return constructor_arguments(self)

    @classmethod
    def from_config(cls, config: dict) -> Layer:
        """The layer that `config` described, for `st.load`."""
        return cls(**config)

    # What build calls -------------------------------------------------------------------------

    def parameter(
        self, name: str, shape, init="zeros", layout=None, *, fans=None, decay: bool = True, count=None
    ) -> None:
        """Declare a trained tensor, later `self.<name>`, its gradient `self.d<name>`.

        Args:
            name: an identifier of your choice.
            shape: as users see it.
            init: an initialiser, its name, a number, or f(shape, generator).
            layout: order of the axes in memory, slowest first. Default: the shape's own.
            fans: (inputs of an output, outputs of an input), for initialisers that scale.
            decay: False for biases and the like, which weight decay may leave out.
            count: how many of its numbers are trained; the layer keeps the others at zero. Default: all.
        """
        self._declared += (declared(self, name, shape, init, layout, fans, decay, count),)

    def state(self, name: str, shape, init="zeros") -> None:
        """Declare a tensor that is saved with the model but not trained, later `self.<name>`."""
        self._states += (declared(self, name, shape, init, None, None, False, None),)

    # What users and containers call -------------------------------------------------------------

    def declare(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Build once for this input shape and return the output shape; allocates nothing.

        Raises:
            ValueError: the layer is already part of a model, or does not fit the shape.
        """
        if self.built:
            raise ValueError("this layer object is already in use; a layer appears once, in one model")
        self._guarded = frozenset()
        self._declared = self._states = ()
        self._absorbed_by, self.absorbed = None, ()
        output = self.build(input_shape)
        if output is None:
            raise TypeError("build returns the output shape; got None")
        self.input_shape, self.output_shape = input_shape, shape_of(output, "output_shape") if output else ()
        names = [name for d in self._declared for name in (d.name, "d" + d.name)]
        guarded = {*self.settings, *names, *(s.name for s in self._states)}
        self.built, self._guarded = True, frozenset(guarded)
        return self.output_shape

    def initialize(self, input_shape, seed: int | None = None, dtype: str = "float32") -> Layer:
        """Build this layer on its own, outside of any model, with memory and initial weights.

        >>> layer = st.Dense(2).initialize((3,), seed=0)
        >>> layer.weight.shape
        (2, 3)
        """
        self.declare(shape_of(input_shape))
        self._buffers = Buffers(self, dtype, seed)
        self._buffers.bind()
        return self

    def __call__(self, x, training: bool = False) -> Tensor:
        """forward; a layer that is not in a model yet builds itself for x."""
        x = as_tensor(x)
        if not self.built:
            self.initialize(x.shape[1:], dtype="float64" if x.dtype == "float64" else "float32")
            if x.device != "cpu":
                self._buffers.move(x.device)
        memory = self._memory()
        x = as_tensor(x, memory.dtype, memory.device)
        return as_tensor(self.own_forward(x, training), memory.dtype, memory.device)

    def own_forward(self, x: Tensor, training: bool) -> Tensor:
        """forward to this layer's output shape, also where forward goes on with a layer taken over."""
        return self.forward(x, training)

    @property
    def trainable(self) -> bool:
        """Whether the optimiser changes this layer's parameters; setting it reaches the layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        root = None if self._root is None else self._root()
        if root is not None:
            root._step = None  # it was made for the layers that were trained before
        for child in self.children():
            child.trainable = value
        if not value:
            for d in self._declared:
                if "d" + d.name in self.__dict__:
                    self.__dict__["d" + d.name].fill(0)

    def fuse_inside(self) -> None:
        """After build: let the layers inside merge with their neighbours; containers in a row do it."""
        for child in self.children():
            child.fuse_inside()

    def keep_z(self) -> None:
        """After build, instead of merging: the layers inside compute activations apart from z."""
        for child in self.children():
            child.keep_z()

    @property
    def absorbed_by(self) -> Layer | None:
        """The layer that does this one's work as well."""
        return None if self._absorbed_by is None else self._absorbed_by()

    def ask_dx(self, wanted: bool) -> None:
        """Say whether what `backward` returns will be read: sets `need_dx`, inside as well."""
        self.__dict__["need_dx"] = wanted

    def keep(self, saved) -> None:
        """`self.saved = saved`, at the cost of a plain attribute."""
        self.__dict__["saved"] = saved

    def take_saved(self):
        """What forward kept, dropped from the layer.

        Raises:
            RuntimeError: no forward(x, training=True) came before.
        """
        saved = self.__dict__.pop("saved", None)
        if saved is None:
            raise RuntimeError(f"{type(self).__name__}: backward follows one forward(x, training=True)")
        return saved

    # Memory -----------------------------------------------------------------------------------

    def _memory(self) -> Buffers:
        root = self._root() if self._root is not None else self
        if root is None or root._buffers is None:
            raise RuntimeError(f"{type(self).__name__} has no memory yet; build its model first")
        return root._buffers

    def __getattr__(self, name: str):
        # Reached only for what is missing: a parameter whose memory has not been needed so far.
        if name in self._guarded and name not in self.settings and self._root is not None:
            root = self._root()
            if root is not None and root._buffers is None:
                root.allocate()
                return self.__dict__[name]
        hint = "" if self.built else "; it is not built: call it, or put it in a model with an input_shape"
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")

    def __setattr__(self, name: str, value) -> None:
        if name not in self._guarded:
            object.__setattr__(self, name, value)
        elif name in self.settings:
            raise AttributeError(f"{type(self).__name__}.{name} is read-only once the layer is built")
        else:
            write(getattr(self, name), value, f"{type(self).__name__}.{name}")

    def __repr__(self) -> str:
        return described(self)
