"""What a layer asks for in `build`, checked."""

from __future__ import annotations

from typing import NamedTuple

from strate import initializers
from strate.shapes import elements, shape_of
from strate.tensor import Tensor, as_tensor


class Declared(NamedTuple):
    """A parameter (or a state) that a layer asked for in `build`; memory comes later."""

    name: str
    shape: tuple[int, ...]
    init: initializers.Initializer
    layout: tuple[int, ...]  # axes from slowest to fastest in memory
    fans: tuple[int, int]
    decay: bool  # false: weight decay may leave it out
    count: int  # how many of its numbers are trained; the others are 0 and stay 0


def declared(layer, name, shape, init, layout, fans, decay, count) -> Declared:
    """Check one declaration."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"a parameter's name is an identifier; got name={name!r}")
    if any(name == d.name for d in (*layer._declared, *layer._states)) or hasattr(type(layer), name):
        raise ValueError(f"the name {name!r} is taken in {type(layer).__name__}")
    shape = shape_of(shape, name)
    layout = tuple(range(len(shape))) if layout is None else tuple(layout)
    if sorted(layout) != list(range(len(shape))):
        raise ValueError(f"layout orders the axes of {shape}; got layout={layout}")
    if fans is None:
        fans = (elements(shape[1:]), shape[0] * elements(shape[1:-1]))
    count = elements(shape) if count is None else count
    return Declared(name, shape, initializers.get(init), layout, fans, decay, count)


def write(view: Tensor, value, what: str) -> None:
    """Copy a number or an array of the same shape into a view."""
    if isinstance(value, (int, float)):
        view.fill(value)
        return
    value = as_tensor(value, view.dtype)
    if value.shape != view.shape:
        raise ValueError(f"{what} has shape {view.shape}; got shape={value.shape}")
    view.copy_from(value)
