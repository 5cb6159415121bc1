"""Products of what is stored as bfloat16 on tiles of 128 x 128, for which the cases of ops are too small."""

import numpy as np
import pytest

from harness import bfloat16, empty, error, stored, tensor
from strate import _core


@pytest.mark.parametrize(
    ("rows", "inputs", "outputs", "large"),
    [(16384, 66, 72, ("y", "dx")), (8, 1536, 1408, ("dweight",)), (129, 66, 65, ())],
)
def test_products_of_large_tiles(rows, inputs, outputs, large):
    """Of 128 x 128 where there are enough of them; the third beyond a small one by one row and column."""
    random = np.random.default_rng(0)
    shapes = {"x": (rows, inputs), "weight": (outputs, inputs), "bias": (outputs,), "dy": (rows, outputs)}
    arrays = stored({name: random.normal(size=shape) for name, shape in shapes.items()}, ("weight", "bias"))
    x, weight, bias, dy = (tensor(array) for array in arrays.values())
    identity = _core.Activation("identity")
    dweight, dbias = empty((inputs, outputs), "float32").transpose((1, 0)), empty((outputs,), "float32")
    y = _core.dense_forward(x, weight, bias, identity)
    dx = _core.dense_backward(dy, x, weight, None, identity, dweight, dbias, True)
    a, w, b, d = (np.asarray(array, np.float32) for array in arrays.values())
    wanted = {"y": a @ w.T + b, "dx": d @ w, "dweight": d.T @ a, "dbias": d.sum(0, np.float64)}
    found = {"y": y, "dx": dx, "dweight": dweight, "dbias": dbias}
    for name in ("y", "dx", "dweight"):
        down, across = (-(-size // 128) for size in found[name].shape)
        assert (down * across >= 128) == (name in large)
    for name, bound in {"y": 2**-8, "dx": 2**-8, "dweight": 1e-5, "dbias": 1e-5}.items():
        assert error(found[name].numpy(), wanted[name]) <= bound, name


@pytest.mark.parametrize("groups", ["filters", "channels"])
def test_convolutions_of_large_tiles(groups):
    """A part for each of many groups makes tiles enough, of pixels times 66 filters or channels."""
    own, other = (66, 9) if groups == "filters" else (9, 66)
    conv = _core.Conv2d((1, 1), (1, 1, 1, 1), (1, 1), 128)
    shapes = {"x": (1, 2, 3, 128 * other), "weight": (128 * own, 2, 3, other), "bias": (128 * own,)}
    random = np.random.default_rng(0)
    arrays = stored({name: random.normal(size=shape) for name, shape in shapes.items()}, ("weight", "bias"))
    shape = _core.conv2d_shape(shapes["x"], shapes["weight"], conv)
    arrays["dy"] = bfloat16(random.normal(size=shape))
    results = {}
    for kind, parameter in (("bfloat16", "float32"), ("float64", "float64")):
        x, weight, bias, dy = (
            tensor(np.asarray(array)).astype(kind if name in ("x", "dy") else parameter)
            for name, array in arrays.items()
        )
        y = _core.conv2d_forward(x, weight, bias, conv, _core.Activation("identity"))
        dweight = _core.empty_in_order(weight.shape, (1, 2, 3, 0), weight.dtype, "cuda")
        dbias = empty(bias.shape, weight.dtype)
        dx = _core.conv2d_backward(
            dy, x, weight, y, conv, _core.Activation("identity"), dweight, dbias, True
        )
        results[kind] = {"y": y, "dx": dx, "dweight": dweight, "dbias": dbias}
    for name, bound in {"y": 2**-8, "dx": 2**-8, "dweight": 1e-5, "dbias": 1e-5}.items():
        assert error(*(results[kind][name].numpy() for kind in ("bfloat16", "float64"))) <= bound, name
