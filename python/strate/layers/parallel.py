from __future__ import annotations

from math import prod

from strate import _core
from strate.layers import activation as activations
from strate.layers.container import Container, check_layer
from strate.layers.layer import Layer
from strate.layers.residual import SUM
from strate.shapes import text

MERGES = ("concat", "add", "multiply")
PRODUCT = _core.Combine("multiply", activations.IDENTITY)


class Parallel(Container):
    """Several layers see the same x, and their results become one: an inception block (lecture, p. 79).

    Args:
        branches: the layers; `Identity()` passes x on.
        merge: "concat" puts their maps side by side along the last axis; "add" and "multiply" combine
            them number by number, where a branch may give 1x1 maps, which are spread over the others'
            positions. Default: "concat".
    Shapes:
        x (N, ...) -> y (N, H, W, C_1 + C_2 + ...) or, added or multiplied, (N, H, W, C)
    Raises:
        ValueError: no branches, an unknown merge, branches whose shapes do not go together.

    >>> gate = st.Sequential([st.Dense(3, activation="sigmoid")])
    >>> st.Parallel(st.Identity(), gate, merge="multiply")(st.ones((2, 3))).shape
    (2, 3)
    """

    settings = ("branches", "merge")

    def __init__(self, *branches: Layer, merge: str = "concat"):
        if not branches:
            raise ValueError("Parallel needs at least one branch; got none")
        if merge not in MERGES:
            raise ValueError(f"merge is one of {', '.join(MERGES)}; got merge={merge!r}")
        self.branches = tuple(check_layer(f"branch {i}", branch) for i, branch in enumerate(branches, 1))
        self.merge = merge

    def children(self):
        return self.branches

    def build(self, input_shape):
        shapes = [
            self.declare_inside(f"branch {i}", branch, input_shape)
            for i, branch in enumerate(self.branches, 1)
        ]
        return self._concat_shape(shapes) if self.merge == "concat" else self._combined_shape(shapes)

    def _concat_shape(self, shapes):
        if not all(shape and shape[:-1] == shapes[0][:-1] for shape in shapes):
            raise ValueError(
                f"branches side by side differ in the last axis alone; got {', '.join(map(text, shapes))}"
            )
        self.maps = [shape[-1] for shape in shapes]
        return (*shapes[0][:-1], sum(self.maps))

    def _combined_shape(self, shapes):
        largest = max(shapes, key=prod)
        maps = (*(1 for _ in largest[:-1]), *largest[-1:])
        if not all(shape in (largest, maps) for shape in shapes):
            raise ValueError(
                f"branches that are combined have one shape, or 1x1 maps; got {', '.join(map(text, shapes))}"
            )
        self.order = sorted(range(len(shapes)), key=lambda i: shapes[i] != largest)  # full shapes first
        self.kernel = SUM if self.merge == "add" else PRODUCT
        return largest

    def forward(self, x, training=False):
        return self._merged([self.forward_of(branch, x, training) for branch in self.branches], training)

    def forward_masked(self, x, mask, training=False, logits=False):
        """The mask is that of the first branch that has one."""
        both = [self.masked_forward_of(branch, x, mask, training) for branch in self.branches]
        after = next((after for _, after in both if after is not None), None)
        return self._merged([y for y, _ in both], training), after

    def _merged(self, results, training):
        if self.merge == "concat":
            return _core.concat_forward(results)
        steps, y = [], results[self.order[0]]
        for i in self.order[1:]:
            a, y = y, _core.combine_forward(y, results[i], self.kernel)
            steps.append((y, a, results[i]) if self.merge == "multiply" else (y, None, results[i].shape))
        if training:
            self.keep(steps)
        return y

    def backward(self, dy):
        deltas = self._split(dy) if self.merge == "concat" else self._undo(dy)
        parts = [self.backward_of(branch, d) for branch, d in zip(self.branches, deltas, strict=True)]
        if not self.need_dx:
            return None
        dx = parts[0]
        for part in parts[1:]:
            dx = _core.combine_forward(dx, part, SUM)
        return dx

    def _split(self, dy):
        return _core.concat_backward(dy, self.maps)

    def _undo(self, dy):
        """The gradient by each branch's result, from the last combination back to the first."""
        deltas = [dy] * len(self.branches)
        for i, (y, a, b) in zip(reversed(self.order[1:]), reversed(self.take_saved()), strict=True):
            product = a is not None
            shape = b.shape if product else b
            dy, deltas[i] = _core.combine_backward(dy, y, a, b if product else None, shape, self.kernel)
        deltas[self.order[0]] = dy
        return deltas

    def receptive_field(self, seen, through):
        """The largest of the branches; one that gives 1x1 maps to be spread has seen the whole image."""
        fields = [through(branch, seen) for branch in self.branches]
        whole = [branch.output_shape[:-1] == self.output_shape[:-1] for branch in self.branches]
        return max((f for f, full in zip(fields, whole, strict=True) if f and full), default=None)

    def config(self):
        return {"branches": list(self.branches), "merge": self.merge}

    @classmethod
    def from_config(cls, config: dict) -> Parallel:
        """The layer that `config` describes."""
        return cls(*config["branches"], merge=config["merge"])
