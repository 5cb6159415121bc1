"""What the tests of every way to compute a convolution share: cases, a plain sum over taps in numpy."""

import contextlib
from dataclasses import dataclass, replace

import numpy as np
import pytest

from harness import Case, OpTests, cast, empty, normal, results, tensor, with_nan
from products import activate
from strate import _core


@dataclass(frozen=True)
class Settings:
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    activation: str = "identity"

    def conv(self):
        return _core.Conv2d(self.stride, self.padding, self.dilation, self.groups)


def sized(x, weight, **settings):
    """A case of an image batch (N, H, W, C) and weights (filters, kh, kw, C / groups)."""
    chosen = Settings(**settings)
    y = _core.conv2d_shape(x, weight, chosen.conv())
    arrays = {
        "x": normal(*x, seed=1),
        "weight": normal(*weight, seed=2, scale=(weight[1] * weight[2] * weight[3]) ** -0.5),
        "bias": normal(weight[0], seed=3),
        "dy": normal(*y, seed=4),
    }
    text = " ".join(f"{name}={value}" for name, value in settings.items())
    return Case(f"{'x'.join(map(str, x))} {'x'.join(map(str, weight))} {text}", arrays, chosen)


def taps(x, weight, s):
    """For each tap and group: the tap, its slice of the padded image, channels and filters of the group."""
    (_, _, _, c), (filters, kh, kw, gc) = x, weight
    oh, ow = (
        (x[1 + i] + s.padding[2 * i] + s.padding[2 * i + 1] - s.dilation[i] * (weight[1 + i] - 1) - 1)
        // s.stride[i]
        + 1
        for i in range(2)
    )
    assert c == gc * s.groups
    for a in range(kh):
        for b in range(kw):
            rows = slice(a * s.dilation[0], a * s.dilation[0] + (oh - 1) * s.stride[0] + 1, s.stride[0])
            columns = slice(b * s.dilation[1], b * s.dilation[1] + (ow - 1) * s.stride[1] + 1, s.stride[1])
            for g in range(s.groups):
                channels = slice(g * gc, (g + 1) * gc)
                group = slice(g * filters // s.groups, (g + 1) * filters // s.groups)
                yield a, b, (slice(None), rows, columns, channels), group


def kernel_order(shape, dtype):
    """Memory for a gradient of this shape, laid out as the kernels write it."""
    return empty((*shape[1:], shape[0]), dtype).transpose((3, 0, 1, 2))


def assert_same(found, wanted):
    assert found.numpy().tobytes() == wanted.numpy().tobytes()


@contextlib.contextmanager
def convolution(choice):
    """Within the block convolutions are computed this way wherever it is possible."""
    before = _core.convolution()
    _core.set_convolution(choice)
    try:
        yield
    finally:
        _core.set_convolution(before)


class ConvolutionTests(OpTests):
    """A case by `sized`, run and checked against numpy."""

    gradients = {"x": "dx", "weight": "dweight", "bias": "dbias"}
    parameters = ("weight", "bias")

    def run(self, case, arrays):
        settings = case.settings
        conv, activation = settings.conv(), _core.Activation(settings.activation, 0.1)
        x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
        y = _core.conv2d_forward(x, weight, bias, conv, activation)
        dweight = kernel_order(weight.shape, weight.dtype)
        dbias = empty(bias.shape, weight.dtype)
        dx = _core.conv2d_backward(dy, x, weight, y, conv, activation, dweight, dbias, True)
        return results(y=y, dx=dx, dweight=dweight, dbias=dbias)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_added(self, case, dtype):
        """What is added before the activation, and to dx: the same bits as in passes of their own."""
        arrays = cast(case.arrays, dtype)
        x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
        conv, identity = case.settings.conv(), _core.Activation("identity")
        other, more = (tensor(normal(*t.shape, seed=5).astype(dtype)) for t in (dy, x))

        def gradients(*added):
            dweight = kernel_order(weight.shape, weight.dtype)
            dx = _core.conv2d_backward(dy, x, weight, None, conv, identity, dweight, None, True, *added)
            return dx, dweight

        with self.chosen():
            for kind in ("identity", "tanh", "relu"):
                combine = _core.Combine("add", _core.Activation(kind))
                y = _core.conv2d_forward(x, weight, bias, conv, combine.activation, other)
                z = _core.conv2d_forward(x, weight, bias, conv, identity)
                assert_same(y, _core.combine_forward(z, other, combine))
            (dx, dweight), (apart, dweight_apart) = gradients(more), gradients()
            both = _core.combine_forward(apart, more, _core.Combine("add", identity))
            assert_same(dx, both)
            assert_same(dweight, dweight_apart)
            for kind in ("relu", "scaled_tanh"):  # that returned x
                before = _core.Activation(kind)
                dx, dweight = gradients(None, before)
                assert_same(dx, _core.activation_backward(apart, x, before))
                assert_same(dweight, dweight_apart)
                dx, _ = gradients(more, before)
                assert_same(dx, _core.activation_backward(both, x, before))

    def chosen(self):
        """Within it convolutions are computed as these cases ask."""
        return contextlib.nullcontext()

    def oracle(self, case, arrays):
        s, x, weight, dy = case.settings, arrays["x"], arrays["weight"], arrays["dy"]
        top, bottom, left, right = s.padding
        margins = ((0, 0), (top, bottom), (left, right), (0, 0))
        padded = np.pad(x, margins)
        z = np.zeros(dy.shape) + arrays["bias"]
        for a, b, seen, filters in taps(x.shape, weight.shape, s):
            z[..., filters] += padded[seen] @ weight[filters, a, b].T
        y, backward = activate(s.activation, z)
        dz = backward(dy)
        dpadded, dweight = np.zeros(padded.shape), np.zeros(weight.shape)
        for a, b, seen, filters in taps(x.shape, weight.shape, s):
            dweight[filters, a, b] = np.einsum("nijo,nijc->oc", dz[..., filters], padded[seen])
            dpadded[seen] += dz[..., filters] @ weight[filters, a, b]
        dx = dpadded[:, top : top + x.shape[1], left : left + x.shape[2]]
        return {"y": y, "dx": dx, "dweight": dweight, "dbias": dz.sum((0, 1, 2))}


class DirectTests(ConvolutionTests):
    """Of ways that multiply by the taps as they are: a NaN shows where it is a term of a sum."""

    nan_inputs = ("x",)
    leaves_padding_out = False  # surely, of the gradient of the weights

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_nan_in_dy(self, case, dtype):
        """Zero times NaN, what padding gives to dweight, may be left out."""
        if case.arrays["dy"].size == 0:
            return
        arrays = with_nan(case.arrays, "dy")
        found = self.run(case, cast(arrays, dtype))
        want = self.oracle(case, cast(arrays, "float64"))
        for name in ("dx", "dbias"):
            assert np.array_equal(np.isnan(found[name]), np.isnan(want[name])), name
        dz = np.isnan(arrays["dy"]).any(-1, keepdims=True) & np.isnan(want["dbias"])  # where it is NaN
        ones = {**arrays, "x": np.ones_like(arrays["x"]), "dy": dz.astype(float)}
        linear = replace(case, settings=replace(case.settings, activation="identity"))
        places = np.isnan(found["dweight"])
        terms = self.oracle(linear, ones)["dweight"] > 0
        assert np.all(places[terms])
        assert not np.any(places & ~(terms if self.leaves_padding_out else np.isnan(want["dweight"])))
