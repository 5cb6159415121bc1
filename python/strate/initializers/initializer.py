"""Initial weights: the base class, and how a name, a number or a function becomes one."""

from __future__ import annotations

from strate.config import constructor_arguments, described
from strate.tensor import Tensor


class Initializer:
    """Fills a parameter before training.

    A class of your own writes `fill`. Anywhere an initialiser is asked for, a name
    ("he_normal"), a number (a constant) or a function `f(shape, generator)` with a
    `numpy.random.Generator` works too.
    """

    def fill(self, out: Tensor, fan_in: int, fan_out: int, seed: int, stream: int) -> None:
        """Write initial values.

        Args:
            out: the tensor to fill, in the parameter's shape.
            fan_in: inputs of one output: what feeds it.
            fan_out: outputs that one input feeds.
            seed: the model's seed.
            stream: the parameter's place in the model; (seed, stream) decides every number.
        """
        raise NotImplementedError(f"{type(self).__name__} has no fill(out, fan_in, fan_out, seed, stream)")

    def config(self) -> dict:
        """The constructor's arguments."""
        return constructor_arguments(self)

    def __repr__(self) -> str:
        return described(self)


class FromFunction(Initializer):
    """Values from `function(shape, generator)`, a numpy array or anything that becomes one."""

    def __init__(self, function):
        self.function = function

    def fill(self, out, fan_in, fan_out, seed, stream):
        from numpy.random import default_rng

        from strate.tensor import as_tensor

        values = as_tensor(self.function(out.shape, default_rng((seed, stream))), out.dtype)
        if values.shape != out.shape:
            raise ValueError(
                f"an initialiser returns the shape that it is given; got shape={values.shape} for {out.shape}"
            )
        out.copy_from(values)
