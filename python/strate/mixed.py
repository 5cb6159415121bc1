"""Mixed precision: a model in float32, between whose layers numbers are stored as bfloat16.

x, y, dy, dx and what forward saves take half the memory, and half the time to move. Theta, its gradient,
statistics, state, the optimiser's memory and the losses stay float32 or better, and sums are float32; as
bfloat16 reaches as far as float32, no loss has to be scaled.

A layer that says `bfloat16 = True` works on such tensors. Any other, the user's own among them, is given
float32: what reaches it is widened, what it returns is rounded where a layer takes it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from strate.layers import Auxiliary, tree
from strate.layers.container import Container
from strate.layers.replaced import Replaced
from strate.tensor import Tensor

NARROW, WIDE = "bfloat16", "float32"
FORWARD = ("forward", "forward_logits", "forward_masked")
MERGED = ("forward_of", "masked_forward_of", "backward_of")


@contextlib.contextmanager
def stored(model, precision: str | None) -> Iterator[None]:
    """Within the block, with "bf16", the model's layers pass bfloat16 to each other; on a GPU."""
    replaced = Replaced()
    try:
        if precision == "bf16":
            for _, layer in tree.walk(model):
                pass_between(layer, replaced)
            for layer in ends(model):
                pass_on(layer, replaced, FORWARD, gives=WIDE)
            for layer in (model, *inside_of_others(model)):
                pass_on(layer, replaced, ["backward"], gives=WIDE)
        yield
    finally:
        replaced.restore()


def narrow(layer) -> bool:
    """Whether a layer's class works on bfloat16: one that computes otherwise than ours says it anew."""
    kind = type(layer)
    return kind.bfloat16 and ("bfloat16" in vars(kind) or computes_as_ours(layer))


def computes_as_ours(layer) -> bool:
    """Whether the layer's way forward and back is strate's own, as in a class that only builds a network."""
    methods = (getattr(type(layer), name) for name in (*FORWARD, "backward"))
    return all(method.__module__.partition(".")[0] == "strate" for method in methods)


def ends(model) -> Iterator:
    """Layers whose outputs leave the model: for a loss, or for a layer of the user's own around them."""
    yield model
    yield from (auxiliary.head for auxiliary in model.auxiliaries)
    yield from inside_of_others(model)


def inside_of_others(model) -> Iterator:
    """The layers right inside of those of the user's own."""
    for _, layer in tree.walk(model):
        if not computes_as_ours(layer):
            yield from layer.children()


def pass_between(layer, replaced: Replaced) -> None:
    """Give a layer what it works on.

    Whole numbers, which bfloat16 would round, reach the layer that takes them as they are.
    """
    if not narrow(layer):
        given = NARROW if computes_as_ours(layer) else None  # a user's layer may give whole numbers
        pass_on(layer, replaced, FORWARD, takes=WIDE, gives=given)
        pass_on(layer, replaced, ["backward"], takes=WIDE, gives=given)
        return
    if not (layer.passes_on or layer.whole_numbers):
        pass_on(layer, replaced, FORWARD, takes=NARROW)
    pass_on(layer, replaced, ["backward"], takes=NARROW)
    if isinstance(layer, Container):  # what it merges is alike
        for name in ("backward_of",) if isinstance(layer, Auxiliary) else MERGED:
            replaced.put(layer, name, giving)


def giving(method):
    """A container's way to run a layer inside, whose result it gets as bfloat16."""
    return lambda *given, **named: typed(method(*given, **named), NARROW)


def pass_on(layer, replaced: Replaced, names, takes: str | None = None, gives: str | None = None) -> None:
    """Convert the first argument of methods, and what they return."""

    def converting(method):
        def converted(x, *arguments, **named):
            return typed(method(typed(x, takes), *arguments, **named), gives)

        return converted

    for name in names:
        replaced.put(layer, name, converting)


def typed(value, dtype: str | None):
    """A tensor of real numbers in this type; the first of a tuple; anything else as it is."""
    if type(value) is tuple:
        return typed(value[0], dtype), *value[1:]
    if dtype is None or type(value) is not Tensor or value.dtype not in (NARROW, WIDE):
        return value
    return value if value.dtype == dtype else value.astype(dtype)
