"""Methods of layers that are others for a while."""

from __future__ import annotations

from collections.abc import Callable


class Replaced:
    """What stands before a layer's own method, until `restore`."""

    def __init__(self):
        self._before: list[tuple[dict, str, Callable | None]] = []

    def put(self, layer, name: str, made_of: Callable[[Callable], Callable]) -> None:
        """Call `made_of(method)` where the layer's method was called; the last one put is called first."""
        own = layer.__dict__
        method, before = getattr(layer, name), own.get(name)
        own[name] = made_of(method)
        self._before.append((own, name, before))

    def restore(self) -> None:
        """The methods as they were."""
        while self._before:
            own, name, before = self._before.pop()
            if before is None:
                del own[name]
            else:
                own[name] = before
