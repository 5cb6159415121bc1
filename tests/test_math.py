"""exp, log, tanh, sigmoid of the kernels: within the documented units in the last place, everywhere."""

import numpy as np
import pytest

from harness import isa, tensor
from strate import _core

bounds = {"exp": 1.25, "log": 1.0, "tanh": 3.0, "sigmoid": 3.0}
precise = np.longdouble
# On x86 long double holds 64 bits. Where it is no wider than double, the truth itself is rounded.
slack = {"float32": 0.0, "float64": 0.0 if np.finfo(precise).nmant > 60 else 1.0}


def call(name, x):
    if name in ("exp", "log"):
        return _core.elementary(tensor(x), name).numpy()
    return _core.activation_forward(tensor(x), _core.Activation(name)).numpy()


def truth(name, x):
    x = x.astype(precise)
    if name == "sigmoid":
        e = np.exp(-np.abs(x))
        return np.where(x < 0, e, 1) / (1 + e)
    return getattr(np, name)(x)


def arguments(dtype):
    """Every exponent with many fractions, both signs, and close looks at where the functions bend."""
    bits = np.uint32 if dtype == "float32" else np.uint64
    step = 20011 if dtype == "float32" else 92_000_000_000_003
    patterns = np.arange(0, np.iinfo(bits).max, step, dtype=np.uint64).astype(bits)
    random = np.random.default_rng(4)
    close = [random.uniform(-w, w, 20000) for w in (0.1, 1, 4, 20, 105, 750)]
    around = np.concatenate([1 + random.uniform(-w, w, 5000) for w in (1e-6, 1e-3, 0.3)])
    edges = np.array([-np.inf, -1e4, -0.0, 0.0, 1e4, np.inf])
    edges = np.append(edges, [88.72284, 709.782712, -103.97, -745.13, -87.4, -708.5])
    return np.concatenate([patterns.view(dtype), *[c.astype(dtype) for c in (*close, around, edges)]])


def units(got, want):
    """Distance in units in the last place of the true value, subnormal numbers included."""
    rounded = want.astype(got.dtype)
    size = np.spacing(np.maximum(np.abs(rounded), np.finfo(got.dtype).smallest_subnormal))
    return np.abs((got.astype(precise) - want) / size)


@pytest.mark.parametrize("instructions", _core.supported_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", bounds)
def test_accuracy(name, dtype, instructions):
    x = arguments(dtype)
    x = x[~np.isnan(x)]
    with isa(instructions), np.errstate(all="ignore"):
        got, want = call(name, x), truth(name, x)
        rounded = want.astype(dtype)
        assert np.array_equal(np.isnan(got), np.isnan(want))
        infinite = np.isinf(got) | np.isinf(rounded)
        # At the edge of overflow the largest number and infinity are neighbours.
        largest = np.abs(want[infinite]) >= np.finfo(dtype).max * (1 - np.finfo(dtype).eps)
        assert (np.sign(got[infinite]) == np.sign(rounded[infinite])).all()
        assert largest.all()
        usual = ~infinite & ~np.isnan(want)
        distance = units(got[usual], want[usual])
    assert distance.max() <= bounds[name] + slack[dtype], x[usual][distance.argmax()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", bounds)
def test_nan_and_the_sign_of_zero(name, dtype):
    x = np.array([np.nan, -0.0, 0.0], dtype)
    y = call(name, x)
    assert np.isnan(y[0])
    want = {"exp": [1, 1], "log": [-np.inf, -np.inf], "tanh": [0, 0], "sigmoid": [0.5, 0.5]}[name]
    assert y[1:].tolist() == want
    if name == "tanh":
        assert np.signbit(y[1])


def test_log_of_a_negative_number_is_nan():
    assert np.isnan(call("log", np.array([-1.0, -1e-300, -np.inf]))).all()


def test_unknown_function():
    with pytest.raises(ValueError, match=r"\[elementary\] a function is exp or log; got function=sin"):
        _core.elementary(tensor(np.ones(1)), "sin")
