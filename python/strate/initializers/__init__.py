"""Initial weights, by class or by name ("he_normal")."""

from __future__ import annotations

from strate.initializers.constant import Constant, Zeros
from strate.initializers.fan_in_uniform import FanInUniform
from strate.initializers.initializer import FromFunction, Initializer
from strate.initializers.orthogonal import Orthogonal
from strate.initializers.scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LeCunNormal,
    LeCunUniform,
    Scaled,
)
from strate.initializers.small_uniform import SmallUniform

__all__ = [
    "Constant",
    "FanInUniform",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LeCunNormal",
    "LeCunUniform",
    "Orthogonal",
    "Scaled",
    "SmallUniform",
    "Zeros",
    "describe",
    "get",
]

NAMES = {
    "constant": Constant,
    "fan_in_uniform": FanInUniform,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "lecun_normal": LeCunNormal,
    "lecun_uniform": LeCunUniform,
    "orthogonal": Orthogonal,
    "small_uniform": SmallUniform,
    "zeros": Zeros,
}


def get(init) -> Initializer:
    """An initialiser from a name, a number, a function, or `[name, arguments]` as saved in a file.

    Raises:
        ValueError: an unknown name; the known ones are listed.
        TypeError: anything else.
    """
    if isinstance(init, Initializer):
        return init
    if isinstance(init, str):
        return _named(init)()
    if isinstance(init, (int, float)) and not isinstance(init, bool):
        return Constant(init)
    if isinstance(init, (list, tuple)) and len(init) == 2 and isinstance(init[1], dict):
        return _named(init[0])(**init[1])
    if callable(init) and not isinstance(init, type) and not hasattr(init, "forward"):
        return FromFunction(init)
    raise TypeError(f"init is a name, a number, an Initializer or f(shape, generator); got init={init!r}")


def describe(init: Initializer):
    """A name, `[name, arguments]`, or None for an initialiser that is not strate's own.

    None stands for the layer's default when a file is read; weights come from the file anyway.
    """
    for name, kind in NAMES.items():
        if type(init) is kind:
            arguments = init.config()
            return [name, arguments] if arguments else name
    return None


def _named(name: str) -> type[Initializer]:
    if name not in NAMES:
        raise ValueError(f"init is one of {', '.join(NAMES)}; got init={name!r}")
    return NAMES[name]
