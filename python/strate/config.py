"""Constructor arguments, read back from an object: what `save` writes and `load` passes."""

from __future__ import annotations

import inspect

__all__ = ["constructor_arguments", "described"]


def constructor_arguments(thing) -> dict:
    """The constructor's arguments by name, taken from attributes of the same names.

    Raises:
        TypeError: an argument is not kept under its own name, or is `*args` / `**kwargs`; such a
            class writes its own `config()`.
    """
    kind = type(thing)
    arguments = {}
    if kind.__init__ is object.__init__:
        return arguments
    for parameter in list(inspect.signature(kind.__init__).parameters.values())[1:]:
        named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if not named or not hasattr(thing, parameter.name):
            raise TypeError(
                f"{kind.__name__} does not keep its argument {parameter.name!r} in self.{parameter.name}; "
                "keep it there, or write config(self) that returns the constructor's arguments"
            )
        arguments[parameter.name] = getattr(thing, parameter.name)
    return arguments


def described(thing) -> str:
    """`Name(argument=value, ...)`, for `repr`."""
    try:
        arguments = thing.config()
    except TypeError:
        return f"{type(thing).__name__}(...)"
    return f"{type(thing).__name__}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"
