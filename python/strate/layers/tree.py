"""Layers inside layers: walking them, and saying where one is."""

from __future__ import annotations

from collections.abc import Iterator


def walk(root, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], object]]:
    """(path, layer) for a layer and all inside it, from the outside in, in order."""
    yield path, root
    for place, child in enumerate(root.children()):
        yield from walk(child, (*path, place))


def where(root, path: tuple[int, ...]) -> str:
    """A path as people count: "layer 3 (Sequential), layer 2 (Conv2D)"."""
    words = []
    for place in path:
        root = root.children()[place]
        words.append(f"layer {place + 1} ({type(root).__name__})")
    return ", ".join(words) or f"the layer ({type(root).__name__})"


def path_of(root, wanted) -> tuple[int, ...]:
    """Where a layer object is inside another."""
    return next(path for path, layer in walk(root) if layer is wanted)


def ours(layer) -> bool:
    """Whether a layer's class is strate's own, so that its kernels report NaN and infinity."""
    return type(layer).__module__.partition(".")[0] == "strate"


def untouched(layer) -> bool:
    """Whether forward and backward are those of a class of ours: another method may stand for them."""
    own = vars(layer)
    return ours(layer) and "forward" not in own and "backward" not in own


def check_once(root) -> None:
    """A ValueError if one layer object stands in two places."""
    seen: dict[int, tuple[int, ...]] = {}
    for path, layer in walk(root):
        if id(layer) in seen:
            raise ValueError(
                f"{where(root, path)} is the same object as {where(root, seen[id(layer)])}; "
                "a layer appears once: make two of them"
            )
        seen[id(layer)] = path
