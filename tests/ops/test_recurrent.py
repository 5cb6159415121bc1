"""Recurrent cells against loops in plain numpy: forward, back through time, masks, first states, errors."""

from dataclasses import dataclass

import numpy as np
import pytest

from harness import Case, OpTests, empty, normal, rejects, results, same_bits, tensor
from strate import _core

GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}


@dataclass(frozen=True)
class Settings:
    cell: str
    sequences: bool = True


def sized(cell, batch, time, inputs, units, *, mask=False, state=False, sequences=True, **options):
    rows = GATES[cell] * units
    arrays = {
        "x": normal(batch, time, inputs, seed=1),
        "weight": normal(rows, inputs, seed=2, scale=max(inputs, 1) ** -0.5),
        "recurrent_weight": normal(rows, units, seed=3, scale=max(units, 1) ** -0.5),
        "bias": normal(rows, seed=4),
        "dy": normal(batch, time, units, seed=5) if sequences else normal(batch, units, seed=5),
    }
    if cell == "gru":
        arrays["recurrent_bias"] = normal(rows, seed=6)
    if mask:
        arrays["mask"] = np.random.default_rng(7).random((batch, time)) < 0.6
    if state:
        arrays["hidden"] = normal(batch, units, seed=8)
        if cell == "lstm":
            arrays["first_cell"] = normal(batch, units, seed=9)
    name = f"{cell} {batch}x{time}x{inputs}->{units}" + " mask" * mask + " state" * state
    return Case(name + " last" * (not sequences), arrays, Settings(cell, sequences), **options)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step_of(cell, x, h, c, p):
    """One step in the words of the lecture: (h, c)."""
    with np.errstate(invalid="ignore"):
        z = x @ p["weight"].T + p["bias"]
        if cell == "gru":
            s = h @ p["recurrent_weight"].T + p["recurrent_bias"]
            (zr, zz, zn), (sr, sz, sn) = np.split(z, 3, -1), np.split(s, 3, -1)
            r, u = sigmoid(zr + sr), sigmoid(zz + sz)
            return (1 - u) * np.tanh(zn + r * sn) + u * h, c
        z = z + h @ p["recurrent_weight"].T
        if cell == "lstm":
            i, f, g, o = np.split(z, 4, -1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            return sigmoid(o) * np.tanh(c), c
        return (np.tanh(z) if cell == "rnn_tanh" else np.where(z < 0, 0, z)), c


def through_time(case, arrays):
    """States after every step."""
    batch, time = arrays["x"].shape[:2]
    zero = np.zeros((batch, arrays["recurrent_weight"].shape[1]))
    h, c = arrays.get("hidden", zero), arrays.get("first_cell", zero)
    mask = arrays.get("mask", np.ones((batch, time), bool))
    states = []
    for t in range(time):
        new_h, new_c = step_of(case.settings.cell, arrays["x"][:, t], h, c, arrays)
        keep = mask[:, t, None]
        h, c = np.where(keep, new_h, h), np.where(keep, new_c, c)
        states.append(h)
    return np.stack(states, 1)


def several(cell):
    return [
        sized(cell, 1, 1, 1, 1),
        sized(cell, 3, 4, 5, 7),
        sized(cell, 2, 3, 4, 17, mask=True),
        sized(cell, 5, 3, 6, 9, state=True),
        sized(cell, 4, 5, 3, 16, mask=True, state=True),
        sized(cell, 4, 5, 3, 6, mask=True, sequences=False),
        sized(cell, 3, 1, 3, 6, sequences=False, state=True),
        sized(cell, 0, 3, 2, 4, mask=True, state=True),
        sized(cell, 37, 6, 20, 40, mask=True),
        sized(cell, 20, 30, 10, 33, sequences=False),
    ]


class TestRecurrent(OpTests):
    nan_inputs = ("x", "bias")
    float32_bound = 6e-6  # thirty steps carry the rounding of the first
    float64_bound = 3e-12
    cases = [case for cell in GATES for case in several(cell)]
    gradients = {
        "x": "dx",
        "weight": "dweight",
        "recurrent_weight": "drecurrent_weight",
        "bias": "dbias",
    }

    def run(self, case, arrays):
        settings = case.settings
        given = {name: tensor(array) for name, array in arrays.items()}
        weight, recurrent_weight = given["weight"], given["recurrent_weight"]
        y, saved = _core.recurrent_forward(
            settings.cell, given["x"], weight, recurrent_weight, given["bias"], given.get("recurrent_bias"),
            given.get("mask"), given.get("hidden"), given.get("first_cell"), settings.sequences,
        )  # fmt: skip
        written = {
            "dweight": of_weight(weight.shape, y.dtype),
            "drecurrent_weight": of_weight(recurrent_weight.shape, y.dtype),
            "dbias": empty(given["bias"].shape, y.dtype),
            "drecurrent_bias": empty(given["bias"].shape, y.dtype) if settings.cell == "gru" else None,
        }
        dx, dhidden, dcell = _core.recurrent_backward(
            settings.cell, given["dy"], saved, weight, recurrent_weight, given.get("mask"),
            *written.values(), True,
        )  # fmt: skip
        return results(y=y, dx=dx, dhidden=dhidden, dcell=dcell, **written)

    def oracle(self, case, arrays):
        states = through_time(case, arrays)
        return {"y": states if case.settings.sequences else states[:, -1]}

    def test_gradients_of_what_some_cells_have(self, case):
        found = self.run(case, case.arrays)
        for name, gradient in (
            ("recurrent_bias", "drecurrent_bias"), ("hidden", "dhidden"), ("first_cell", "dcell"),
        ):  # fmt: skip
            if name in case.arrays:
                self.check_gradient(case, name, found[gradient])

    def test_nan(self, case, dtype="float64"):
        """A NaN of one sequence stays in it, from its step on, where the mask lets it in."""
        arrays = {name: array.copy() for name, array in case.arrays.items()}
        if arrays["x"].size == 0:
            return
        arrays["x"][-1, arrays["x"].shape[1] // 2] = np.nan
        found = self.run(case, arrays)
        for name, want in self.oracle(case, arrays).items():
            assert np.array_equal(np.isnan(found[name]), np.isnan(want)), name


def of_weight(shape, dtype):
    """Memory for the gradient of a weight, in the order of the kernels."""
    return empty(shape[::-1], dtype).transpose((1, 0))


@pytest.mark.parametrize("cell", GATES)
def test_a_padded_step_changes_nothing_else(cell):
    """Steps that are masked, wherever they stand, against a sequence that does not have them."""
    short = sized(cell, 3, 4, 5, 6, state=True)
    long = {name: array.copy() for name, array in short.arrays.items()}
    places = [1, 2, 4, 6]
    for name in ("x", "dy"):
        values = normal(3, 8, short.arrays[name].shape[-1], seed=11) if name == "x" else np.zeros((3, 8, 6))
        values[:, places] = short.arrays[name]
        long[name] = values
    long["mask"] = np.zeros((3, 8), np.uint8)
    long["mask"][:, places] = 1
    op = TestRecurrent()
    plain, padded = op.run(short, short.arrays), op.run(short, long)
    assert not padded["dx"][:, [0, 3, 5, 7]].any()
    for name in ("y", "dx"):
        padded[name] = padded[name][:, places]
    for name, want in plain.items():
        np.testing.assert_allclose(padded[name], want, rtol=0, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("cell", GATES)
def test_outputs_that_are_not_asked_for(cell):
    case = sized(cell, 3, 4, 5, 6)
    every = TestRecurrent().run(case, case.arrays)
    a = {name: tensor(array) for name, array in case.arrays.items()}
    bias = a.get("recurrent_bias")
    _, saved = _core.recurrent_forward(
        cell, a["x"], a["weight"], a["recurrent_weight"], a["bias"], bias, None, None, None, True
    )
    given = cell, a["dy"], saved, a["weight"], a["recurrent_weight"], None
    dx, dhidden, _ = _core.recurrent_backward(*given, None, None, None, None, True)
    assert same_bits({"dx": every["dx"], "dhidden": every["dhidden"]}, results(dx=dx, dhidden=dhidden)) == []
    only = of_weight(a["weight"].shape, "float64")
    assert _core.recurrent_backward(*given, only, None, None, None, False)[0] is None
    assert same_bits({"dweight": every["dweight"]}, results(dweight=only)) == []


def test_flag_of_a_gradient_that_is_not_finite():
    case = sized("lstm", 3, 4, 5, 6)
    a = {name: tensor(array) for name, array in case.arrays.items()}
    weights = a["weight"], a["recurrent_weight"]
    _, saved = _core.recurrent_forward("lstm", a["x"], *weights, a["bias"], None, None, None, None, True)
    dy = case.arrays["dy"].copy()
    for value in (0.0, np.inf):
        dy[1, 2, 3] = value
        written = *(of_weight(w.shape, "float64") for w in weights), empty((24,), "float64")
        _core.recurrent_backward("lstm", tensor(dy), saved, *weights, None, *written, None, False)
        assert [_core.take_nonfinite(t) for t in written] == [not np.isfinite(value)] * 3


def test_errors():
    arrays = sized("gru", 2, 3, 4, 5).arrays
    names = ["x", "weight", "recurrent_weight", "bias", "recurrent_bias", "mask", "hidden", "first_cell"]

    def forward(cell="gru", **changed):
        given = {**dict.fromkeys(names), **arrays, **changed}
        tensors = [None if given[name] is None else tensor(given[name]) for name in names]
        return lambda: _core.recurrent_forward(cell, *tensors, True)

    zeros = np.zeros
    rejects(ValueError, r"\[recurrent\] a cell is rnn_tanh, .* or gru; got cell=elman", forward("elman"))
    rejects(ValueError, r"x is \(N, T, C\); got x=\(2, 4\)", forward(x=zeros((2, 4))))
    rejects(ValueError, r"got x=\(2, 3, 9\), weight=\(15, 4\)", forward(x=zeros((2, 3, 9))))
    rejects(ValueError, "weight has as many rows as recurrent_weight, 15", forward(weight=zeros((10, 4))))
    rejects(ValueError, "gru has 3 rows of recurrent_weight", forward(recurrent_weight=zeros((10, 5))))
    rejects(ValueError, r"recurrent_weight is \(gates", forward(recurrent_weight=zeros(5)))
    rejects(ValueError, r"bias is \(15,\); got bias=\(3,\)", forward(bias=zeros(3)))
    rejects(ValueError, "a recurrent_bias belongs to gru", forward(recurrent_bias=None))
    rejects(ValueError, r"recurrent_bias is \(15,\)", forward(recurrent_bias=zeros(5)))
    rejects(ValueError, "a state of cells belongs to lstm", forward(first_cell=zeros((2, 5))))
    rejects(ValueError, r"hidden is \(2, 5\); got hidden=\(3, 5\)", forward(hidden=zeros((3, 5))))
    rejects(ValueError, r"mask is \(2, 3\); got mask=\(2, 4\)", forward(mask=zeros((2, 4), bool)))
    rejects(TypeError, "mask is bool or uint8; got mask=float64", forward(mask=zeros((2, 3))))
    rejects(TypeError, "x and weight have one element type", forward(x=zeros((2, 3, 4), np.float32)))
    rejects(TypeError, "x is float32 or float64", forward(x=zeros((2, 3, 4), np.int64)))

    _, saved = forward()()
    weights = tensor(arrays["weight"]), tensor(arrays["recurrent_weight"])

    def backward(dy, cell="gru", kept=saved):
        return lambda: _core.recurrent_backward(cell, tensor(dy), kept, *weights, None, *[None] * 4, True)

    rejects(ValueError, r"dy is \(2, 3, 5\); got dy=\(2, 4, 5\)", backward(zeros((2, 4, 5))))
    rejects(ValueError, r"dy is \(2, 5\); got dy=\(2, 4\)", backward(zeros((2, 4))))
    rejects(TypeError, "x and dy have one element type", backward(zeros((2, 5), np.float32)))
    rejects(ValueError, "lstm has 4 rows", backward(zeros((2, 5)), "lstm"))
    wrong = (*saved[:2], saved[1], saved[3])
    rejects(ValueError, r"gates is \(3, 2, 15\)", backward(zeros((2, 5)), kept=wrong))
