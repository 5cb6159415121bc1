"""Dense layers: numpy's matmul, every size of block, weights in either memory order, and the error texts."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from harness import (
    Case,
    OpTests,
    cast,
    cpu_only,
    empty,
    error,
    isa,
    normal,
    rejects,
    results,
    same_bits,
    tensor,
    threads,
)
from products import activate
from strate import _core

identity = _core.Activation("identity")


@dataclass(frozen=True)
class Settings:
    activation: str = "identity"
    bias: bool = True
    need_dx: bool = True


def sized(rows, inputs, outputs, settings=Settings(), **options):
    """A case of x (*rows, inputs) and a weight (outputs, inputs)."""
    arrays = {
        "x": normal(*rows, inputs, seed=1),
        "weight": normal(outputs, inputs, seed=2, scale=max(inputs, 1) ** -0.5),
        "bias": normal(outputs, seed=3),
        "dy": normal(*rows, outputs, seed=4),
    }
    name = f"{'x'.join(map(str, (*rows, inputs)))}->{outputs} {settings.activation}"
    return Case(name, arrays, settings, **options)


def kernel_order(shape, dtype):
    """Memory for a gradient of this shape, laid out as the kernels write it."""
    return empty((shape[1], shape[0]), dtype).transpose((1, 0))


class TestDense(OpTests):
    gradients = {"x": "dx", "weight": "dweight", "bias": "dbias"}
    nan_inputs = ("x", "dy")
    parameters = ("weight", "bias")
    # A float32 sum of up to 700 terms of both signs against its float64 result.
    float32_bound = 3e-6
    cases = [
        sized((1,), 1, 1),
        sized((3,), 5, 7, Settings("sigmoid")),
        sized((2, 3), 17, 33, Settings("tanh")),
        sized((5,), 18, 7, Settings("scaled_tanh")),
        sized((), 9, 4, Settings("relu")),
        sized((0,), 4, 3),
        sized((5, 0), 4, 3, Settings("relu")),
        sized((4,), 0, 3),
        sized((4,), 3, 0, nan=()),
        sized((1,), 40, 130, Settings("leaky_relu")),
        sized((2,), 31, 300, Settings("relu")),
        sized((3,), 131, 260, Settings("tanh")),
        sized((3,), 260, 131, Settings(bias=False, need_dx=False)),
        sized((13,), 100, 10, Settings("softmax")),
        sized((29,), 70, 47, Settings("relu")),
        sized((64,), 120, 84, Settings("relu")),
        sized((64,), 84, 10),
        sized((1,), 400, 120, Settings("tanh")),
        sized((600,), 12, 20, Settings("sigmoid")),
        sized((70,), 600, 450, Settings("relu")),
        sized((121,), 390, 701, Settings("sigmoid")),
        sized((270,), 600, 450),
        sized((1100,), 40, 30, Settings("leaky_relu")),
        sized((4, 200), 17, 5),
        sized((20,), 60, 1100),
        sized((1,), 803, 450, Settings("leaky_relu")),
        sized((1,), 1500, 501, Settings("softmax")),
        sized((6,), 35, 1100, Settings("relu")),
        sized((23,), 37, 261),
        sized((33,), 401, 301, Settings("sigmoid")),
        sized((64,), 330, 260, Settings("softmax")),
    ]

    def run(self, case, arrays):
        settings = case.settings
        activation = _core.Activation(settings.activation, 0.1)
        x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
        y = _core.dense_forward(x, weight, bias, activation)
        dweight = kernel_order(weight.shape, weight.dtype)
        dbias = empty(bias.shape, weight.dtype)
        dx = _core.dense_backward(dy, x, weight, y, activation, dweight, dbias, True)
        return results(y=y, dx=dx, dweight=dweight, dbias=dbias)

    def oracle(self, case, arrays):
        x, weight, dy = arrays["x"], arrays["weight"], arrays["dy"]
        y, backward = activate(case.settings.activation, x @ weight.T + arrays["bias"])
        dz = backward(dy)
        leading = tuple(range(dz.ndim - 1))
        dweight = np.tensordot(dz, x, (leading, leading))
        return {"y": y, "dx": dz @ weight, "dweight": dweight, "dbias": dz.sum(leading)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_either_memory_order_of_the_weight_gives_the_same_bits(dtype):
    x, weight = normal(5, 9).astype(dtype), normal(7, 9, seed=2).astype(dtype)
    in_kernel_order = tensor(np.ascontiguousarray(weight.T)).transpose((1, 0))
    first = _core.dense_forward(tensor(x), tensor(weight), None, identity).numpy()
    second = _core.dense_forward(tensor(x), in_kernel_order, None, identity).numpy()
    assert first.tobytes() == second.tobytes()


@cpu_only
@pytest.mark.parametrize("offset", [0, 1, 5, 8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_of_one_row_is_its_products_to_the_last_bit_and_touches_nothing_else(dtype, offset):
    for instructions in _core.supported_isas():
        for inputs, outputs in itertools.product((7, 8, 9, 61), (15, 16, 17, 31, 84, 120, 1001, 1024, 1030)):
            x, dy = normal(1, inputs).astype(dtype), normal(1, outputs, seed=2).astype(dtype)
            room, size = tensor(np.full(inputs * outputs + 32, 7, dtype)), inputs * outputs
            dweight = room[offset : offset + size].reshape((inputs, outputs)).transpose((1, 0))
            weight = tensor(normal(outputs, inputs, seed=3).astype(dtype))
            with isa(instructions):
                _core.dense_backward(tensor(dy), tensor(x), weight, None, identity, dweight, None, False)
            want = np.full(room.shape, 7, dtype)
            want[offset : offset + size] = np.outer(x, dy).ravel()
            assert room.numpy().tobytes() == want.tobytes(), (instructions, inputs, outputs)


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [2, 19, 50])
def test_few_rows_pass_over_large_weights_in_stripes(rows, dtype):
    """Weights that no cache keeps, beside a numpy product, on every instruction set and number of threads."""
    case = sized((rows,), 2111, 2003, Settings("relu"))
    arrays, test = cast(case.arrays, dtype), TestDense()
    want, bound = test.oracle(case, case.arrays), 1e-5 if dtype == "float32" else 1e-13
    for instructions in _core.supported_isas():
        with isa(instructions):
            with threads(1):
                alone = test.run(case, arrays)
            with threads(3):
                assert same_bits(alone, test.run(case, arrays)) == []
            assert {name: e for name in want if (e := error(alone[name], want[name])) > bound} == {}


@pytest.mark.parametrize("instructions", _core.supported_isas())
def test_outputs_that_are_not_asked_for(instructions):
    x, weight, dy = (tensor(normal(*shape).astype(np.float32)) for shape in [(20, 9), (7, 9), (20, 7)])
    with isa(instructions):
        dweight, dbias = kernel_order((7, 9), "float32"), empty((7,), "float32")
        dx = _core.dense_backward(dy, x, weight, None, identity, dweight, dbias, True)
        every = results(dx=dx, dweight=dweight, dbias=dbias)
        only = kernel_order((7, 9), "float32")
        assert _core.dense_backward(dy, x, weight, None, identity, only, None, False) is None
        assert same_bits({"dweight": every["dweight"]}, results(dweight=only)) == []
        only = empty((7,), "float32")
        assert _core.dense_backward(dy, x, weight, None, identity, None, only, False) is None
        assert same_bits({"dbias": every["dbias"]}, results(dbias=only)) == []
        only = _core.dense_backward(dy, x, weight, None, identity, None, None, True)
        assert same_bits({"dx": every["dx"]}, results(dx=only)) == []


@pytest.mark.parametrize("rows", [1, 80])
def test_flag_of_a_gradient_that_is_not_finite(rows):
    x, weight = tensor(normal(rows, 9)), tensor(normal(7, 9))
    dy = normal(rows, 7)
    dweight, dbias = kernel_order((7, 9), "float64"), empty((7,), "float64")
    _core.dense_backward(tensor(dy), x, weight, None, identity, dweight, dbias, False)
    assert not _core.take_nonfinite(dweight) and not _core.take_nonfinite(dbias)
    dy[-1, -1] = np.inf
    _core.dense_backward(tensor(dy), x, weight, None, identity, dweight, dbias, False)
    assert _core.take_nonfinite(dweight) and _core.take_nonfinite(dbias)
    assert not _core.take_nonfinite(dweight)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("values", [(1e200, 1e200), (np.nan, 0), (0, np.nan), (np.inf, 0), (0, -np.inf)])
def test_flag_of_products_of_few_rows(values, rows):
    x, dy = np.ones((rows, 90)), np.ones((rows, 70))
    weight, dweight = tensor(normal(70, 90)), kernel_order((70, 90), "float64")
    _core.dense_backward(tensor(dy), tensor(x), weight, None, identity, dweight, None, False)
    assert not _core.take_nonfinite(dweight)
    x[-1, 4], dy[-1, 3] = values
    with np.errstate(invalid="ignore", over="ignore"):
        assert not np.isfinite(dy.T @ x).all()
    _core.dense_backward(tensor(dy), tensor(x), weight, None, identity, dweight, None, False)
    assert _core.take_nonfinite(dweight)


def test_no_flag_where_large_factors_do_not_meet():
    x, dy, dweight = np.zeros((2, 90)), np.zeros((2, 70)), kernel_order((70, 90), "float64")
    x[0, 4], dy[1, 3] = 1e200, 1e200
    _core.dense_backward(tensor(dy), tensor(x), tensor(normal(70, 90)), None, identity, dweight, None, False)
    assert not _core.take_nonfinite(dweight)


def test_no_flag_where_there_is_no_weight():
    dweight = kernel_order((7, 0), "float64")
    dy, x = tensor(np.full((1, 7), np.inf)), tensor(np.empty((1, 0)))
    _core.dense_backward(dy, x, tensor(np.empty((7, 0))), None, identity, dweight, None, False)
    assert not _core.take_nonfinite(dweight)


def test_errors():
    x, weight, bias = (tensor(np.zeros(shape, np.float32)) for shape in [(4, 3), (2, 3), (2,)])
    forward, backward = _core.dense_forward, _core.dense_backward
    rejects(
        ValueError,
        r"\[dense\] the last axis of x has the weight's number of inputs; got x=\(4, 2\), weight=\(2, 3\)",
        lambda: forward(tensor(np.zeros((4, 2), np.float32)), weight, bias, identity),
    )
    rejects(
        ValueError,
        r"x is \(..., in\); got x=\(\)",
        lambda: forward(tensor(np.float32(1)), weight, bias, identity),
    )
    rejects(ValueError, r"weight is \(out, in\); got weight=\(2,\)", lambda: forward(x, bias, bias, identity))
    rejects(
        ValueError,
        r"bias is \(2,\); got bias=\(3,\)",
        lambda: forward(x, weight, tensor(np.zeros(3, np.float32)), identity),
    )
    rejects(
        TypeError,
        "x is float32 or float64; got x=int64",
        lambda: forward(tensor(np.zeros((4, 3), np.int64)), weight, bias, identity),
    )
    rejects(
        TypeError,
        "x and weight have one element type",
        lambda: forward(x, tensor(np.zeros((2, 3))), None, identity),
    )
    rejects(
        TypeError,
        "x and bias have one element type",
        lambda: forward(x, weight, tensor(np.zeros(2)), identity),
    )

    dy = tensor(np.zeros((4, 2), np.float32))
    rejects(
        ValueError,
        r"dy has the shape of y, \(4, 2\); got dy=\(4, 3\)",
        lambda: backward(x, x, weight, None, identity, None, None, True),
    )
    rejects(
        ValueError,
        "backward through relu needs y; got y=None",
        lambda: backward(dy, x, weight, None, _core.Activation("relu"), None, None, True),
    )
    rejects(
        ValueError,
        r"dweight lies in memory as \(in, out\); got strides=\(3, 1\)",
        lambda: backward(dy, x, weight, None, identity, empty((2, 3), "float32"), None, False),
    )
    rejects(
        ValueError,
        r"dweight is \(2, 3\); got dweight=\(3, 2\)",
        lambda: backward(dy, x, weight, None, identity, empty((3, 2), "float32"), None, False),
    )
    rejects(
        ValueError,
        r"dbias is \(2,\); got dbias=\(3,\)",
        lambda: backward(dy, x, weight, None, identity, None, empty((3,), "float32"), False),
    )
    rejects(
        TypeError,
        "x and dbias have one element type",
        lambda: backward(dy, x, weight, None, identity, None, empty((2,), "float64"), False),
    )


@cpu_only
def test_read_only_memory_is_not_written():
    x, weight, dy = (tensor(np.zeros(shape, np.float32)) for shape in [(4, 3), (2, 3), (4, 2)])
    fixed = np.zeros(2, np.float32)
    fixed.flags.writeable = False
    rejects(
        ValueError,
        "dbias is written, but its memory is read-only",
        lambda: _core.dense_backward(dy, x, weight, None, identity, None, tensor(fixed), False),
    )
