"""Enlarged images against numpy: a matrix along each axis, and its transpose going back."""

import numpy as np
import pytest

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core


def matrix(kind, size, factor):
    """(factor size, size): what each output takes from each pixel."""
    m = np.zeros((factor * size, size))
    for o in range(factor * size):
        place = min(max((o + 0.5) / factor - 0.5, 0), size - 1)
        low = o // factor if kind == "nearest" else int(np.floor(place))
        after = 0.0 if kind == "nearest" else place - low
        m[o, low] += 1 - after
        if after:
            m[o, low + 1] += after
    return m


def cases():
    for kind in ("nearest", "bilinear"):
        for name, shape, factor in [
            ("twice", (2, 4, 5, 3), (2, 2)),
            ("registers", (1, 3, 4, 37), (2, 2)),
            ("three-by-one", (2, 5, 4, 6), (3, 1)),
            ("one-pixel", (2, 1, 1, 4), (4, 3)),
            ("two-pixels", (1, 2, 2, 1), (5, 2)),
            ("as-it-is", (2, 3, 3, 2), (1, 1)),
            ("one-channel", (3, 6, 7, 1), (2, 4)),
            ("no-images", (0, 3, 3, 2), (2, 2)),
            ("no-channels", (2, 3, 3, 0), (2, 2)),
            ("many-rows", (4, 30, 31, 9), (2, 2)),
        ]:
            y = (shape[0], shape[1] * factor[0], shape[2] * factor[1], shape[3])
            arrays = {"x": normal(*shape), "dy": normal(*y, seed=2)}
            yield Case(f"{kind}-{name}", arrays, (factor, kind))


class TestUpSample2d(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("dy",)
    cases = list(cases())

    def run(self, case, arrays):
        y = _core.up_sample2d_forward(tensor(arrays["x"]), *case.settings)
        return results(y=y, dx=_core.up_sample2d_backward(tensor(arrays["dy"]), *case.settings))

    def oracle(self, case, arrays):
        (down, across), kind = case.settings
        x, dy = arrays["x"], arrays["dy"]
        rows, columns = matrix(kind, x.shape[1], down), matrix(kind, x.shape[2], across)
        y = np.einsum("ip,jq,npqc->nijc", rows, columns, x)
        if not np.isnan(dy).any():
            return {"y": y, "dx": np.einsum("ip,jq,nijc->npqc", rows, columns, dy)}
        dx = np.einsum("ip,jq,nijc->npqc", rows, columns, np.nan_to_num(dy))
        taken = np.einsum("ip,jq,nijc->npqc", rows, columns, np.isnan(dy).astype(float))
        return {"y": y, "dx": np.where(taken > 0, np.nan, dx)}


@pytest.mark.parametrize("kind", ["nearest", "bilinear"])
def test_a_nan_reaches_only_what_is_near(kind):
    x = np.zeros((1, 6, 6, 2))
    x[0, 2, 3, 1] = np.nan
    y = _core.up_sample2d_forward(tensor(x), (2, 2), kind).numpy()
    rows, columns = np.nonzero(np.isnan(y[0, :, :, 1]))
    reach = (4, 5, 6, 7) if kind == "nearest" else (3, 6, 5, 8)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (
        reach[0],
        reach[1],
        reach[2],
        reach[3],
    )
    assert not np.isnan(y[..., 0]).any()


def test_bilinear_keeps_a_ramp_and_a_constant():
    ramp = np.arange(5.0).reshape(1, 1, 5, 1)
    y = _core.up_sample2d_forward(tensor(ramp), (1, 2), "bilinear").numpy().ravel()
    assert y.tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]
    ones = _core.up_sample2d_forward(tensor(np.ones((1, 3, 4, 2))), (3, 4), "bilinear").numpy()
    assert np.allclose(ones, 1, rtol=1e-15)


def test_errors():
    x = tensor(np.zeros((1, 4, 4, 2)))
    rejects(
        ValueError,
        "nearest or bilinear; got kind=cubic",
        lambda: _core.up_sample2d_forward(x, (2, 2), "cubic"),
    )
    rejects(
        ValueError,
        "a factor is 1 to 1024; got factor=0x2",
        lambda: _core.up_sample2d_forward(x, (0, 2), "nearest"),
    )
    rejects(
        ValueError,
        r"x is \(N, H, W, C\); got x=\(4, 4\)",
        lambda: _core.up_sample2d_forward(tensor(np.zeros((4, 4))), (2, 2), "nearest"),
    )
    rejects(
        TypeError,
        "dy is float32 or float64",
        lambda: _core.up_sample2d_backward(x.astype("int64"), (2, 2), "nearest"),
    )
    rejects(
        ValueError,
        r"multiples of the factors; got dy=\(1, 4, 4, 2\), factor=3x2",
        lambda: _core.up_sample2d_backward(x, (3, 2), "nearest"),
    )
