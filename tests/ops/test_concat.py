"""Maps side by side, and the way back."""

import numpy as np

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core

SHAPES = {
    "two": [(2, 3, 4), (2, 3, 5)],
    "one": [(3, 7)],
    "many": [(1, 9, 9, maps) for maps in (64, 1, 33, 16, 2)],
    "vectors": [(4,), (3,)],
    "no-maps": [(3, 0), (3, 2)],
    "empty": [(0, 2, 3), (0, 2, 4)],
    "large": [(300, 200), (300, 57)],
}


def cases():
    for name, shapes in SHAPES.items():
        arrays = {f"x{i}": normal(*shape, seed=i + 1) for i, shape in enumerate(shapes)}
        total = sum(shape[-1] for shape in shapes)
        yield Case(name, {**arrays, "dy": normal(*shapes[0][:-1], total, seed=9)}, len(shapes))


class TestConcat(OpTests):
    nan_inputs = ("x0",)
    parameters = ()
    cases = list(cases())

    def run(self, case, arrays):
        xs = [tensor(arrays[f"x{i}"]) for i in range(case.settings)]
        y = _core.concat_forward(xs)
        dxs = _core.concat_backward(tensor(arrays["dy"]), [x.shape[-1] for x in xs])
        return results(y=y, **{f"dx{i}": dx for i, dx in enumerate(dxs)})

    def oracle(self, case, arrays):
        xs = [arrays[f"x{i}"] for i in range(case.settings)]
        ends = np.cumsum([x.shape[-1] for x in xs])[:-1]
        parts = np.split(arrays["dy"], ends, axis=-1)
        return {"y": np.concatenate(xs, axis=-1), **{f"dx{i}": part for i, part in enumerate(parts)}}

    def test_backward_undoes_forward(self, case):
        xs = [case.arrays[f"x{i}"] for i in range(case.settings)]
        y = _core.concat_forward([tensor(x) for x in xs])
        for x, back in zip(xs, _core.concat_backward(y, [x.shape[-1] for x in xs]), strict=True):
            assert np.array_equal(back.numpy(), x)


def test_errors():
    a = tensor(normal(2, 3))
    rejects(ValueError, "at least one tensor", lambda: _core.concat_forward([]))
    rejects(
        ValueError,
        r"last axis alone; got \(2, 3\) and, in place 1, \(4, 3\)",
        lambda: _core.concat_forward([a, tensor(normal(4, 3))]),
    )
    rejects(ValueError, "last axis alone", lambda: _core.concat_forward([a, tensor(normal(2, 3, 1))]))
    rejects(TypeError, "one element type", lambda: _core.concat_forward([a, tensor(np.zeros((2, 3), "f"))]))
    rejects(ValueError, "axis of maps", lambda: _core.concat_forward([tensor(np.array(1.0))]))
    rejects(ValueError, r"add up.*got 4 and dy=\(2, 3\)", lambda: _core.concat_backward(a, [1, 3]))
    rejects(ValueError, "0 or more; got maps=-1", lambda: _core.concat_backward(a, [-1, 4]))
