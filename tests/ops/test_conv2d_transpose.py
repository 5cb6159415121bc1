"""Transposed convolution against a plain sum over taps, and against conv2d, whose adjoint it is."""

from dataclasses import dataclass

import numpy as np
import pytest

from convolutions import Settings, convolution, kernel_order, taps
from harness import Case, OpTests, cast, cpu_only, empty, error, isa, normal, rejects, results, tensor
from products import activate
from strate import _core

identity = _core.Activation("identity")


@dataclass(frozen=True)
class Transposed(Settings):
    output_padding: tuple[int, int] = (0, 0)


def sized(x, weight, **settings):
    """A case of images (N, H, W, C) and weights (C, kh, kw, filters / groups)."""
    chosen = Transposed(**settings)
    y = _core.conv2d_transpose_shape(x, weight, chosen.conv(), chosen.output_padding)
    arrays = {
        "x": normal(*x, seed=1),
        "weight": normal(*weight, seed=2, scale=(weight[0] * weight[1] * weight[2]) ** -0.5),
        "bias": normal(y[3], seed=3),
        "dy": normal(*y, seed=4),
    }
    text = " ".join(f"{name}={value}" for name, value in settings.items())
    return Case(f"{'x'.join(map(str, x))} {'x'.join(map(str, weight))} {text}", arrays, chosen)


def build():
    return [
        sized((2, 3, 4, 5), (5, 2, 2, 3), stride=(2, 2)),
        sized((2, 4, 5, 3), (3, 3, 3, 7), activation="relu"),
        sized((1, 3, 3, 4), (4, 3, 3, 2), stride=(2, 3), output_padding=(1, 2), activation="tanh"),
        sized((2, 5, 4, 6), (6, 3, 4, 5), stride=(2, 2), padding=(1, 0, 2, 1), activation="scaled_tanh"),
        sized((1, 4, 6, 2), (2, 3, 2, 3), dilation=(2, 3), padding=(0, 1, 0, 2)),
        sized((1, 4, 4, 2), (2, 2, 2, 3), padding=(3, 0, 2, 2)),
        sized((2, 5, 5, 6), (6, 3, 3, 2), groups=2, stride=(2, 1), activation="sigmoid"),
        sized((2, 5, 6, 18), (18, 3, 3, 1), groups=18, stride=(2, 2), padding=(1, 1, 1, 1)),
        sized((1, 6, 5, 8), (8, 3, 3, 1), groups=8, activation="leaky_relu"),
        sized((3, 4, 5, 9), (9, 1, 1, 4), activation="softmax"),
        sized((3, 2, 2, 9), (9, 1, 1, 4), stride=(3, 2)),
        sized((5, 1, 1, 12), (12, 4, 5, 3), activation="tanh"),
        sized((2, 8, 9, 1), (1, 5, 5, 6)),
        sized((2, 8, 9, 6), (6, 5, 5, 1), activation="relu"),
        sized((0, 4, 4, 3), (3, 2, 2, 5), stride=(2, 2)),
        sized((4, 14, 14, 16), (16, 3, 3, 16), padding=(1, 1, 1, 1), activation="tanh"),
        sized((3, 20, 21, 33), (33, 2, 2, 20), stride=(2, 2), activation="relu"),
    ]


class TestConv2dTranspose(OpTests):
    gradients = {"x": "dx", "weight": "dweight", "bias": "dbias"}
    nan_inputs = ("bias",)
    parameters = ("weight", "bias")
    float32_bound = 3e-6
    way = "direct"
    cases = build()

    def run(self, case, arrays):
        with convolution(self.way):
            return self.both_directions(case, arrays)

    def both_directions(self, case, arrays):
        s = case.settings
        conv, extra, activation = s.conv(), s.output_padding, _core.Activation(s.activation, 0.1)
        x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
        y = _core.conv2d_transpose_forward(x, weight, bias, conv, extra, activation)
        dweight, dbias = kernel_order(weight.shape, weight.dtype), empty(bias.shape, weight.dtype)
        dx = _core.conv2d_transpose_backward(dy, x, weight, y, conv, extra, activation, dweight, dbias, True)
        return results(y=y, dx=dx, dweight=dweight, dbias=dbias)

    def oracle(self, case, arrays):
        s, x, weight, dy = case.settings, arrays["x"], arrays["weight"], arrays["dy"]
        top, bottom, left, right = s.padding
        inner = (slice(None), slice(top, top + dy.shape[1]), slice(left, left + dy.shape[2]))
        spread = np.zeros((len(x), dy.shape[1] + top + bottom, dy.shape[2] + left + right, dy.shape[3]))
        places = list(taps(dy.shape, weight.shape, s))
        for a, b, seen, channels in places:
            spread[seen] += x[..., channels] @ weight[channels, a, b]
        y, backward = activate(s.activation, spread[inner] + arrays["bias"])
        dz = backward(dy)
        padded, dx, dweight = np.zeros(spread.shape), np.zeros(x.shape), np.zeros(weight.shape)
        padded[inner] = dz
        for a, b, seen, channels in places:
            dx[..., channels] += padded[seen] @ weight[channels, a, b].T
            dweight[channels, a, b] = np.einsum("nijc,nijf->cf", x[..., channels], padded[seen])
        return {"y": y, "dx": dx, "dweight": dweight, "dbias": dz.sum((0, 1, 2))}


class TestWinograd(TestConv2dTranspose):
    """Its forward is Winograd's for the gradient of the input, with the bias and the activation."""

    float32_bound = 1e-4
    way = "winograd"
    cases = [
        sized((2, 6, 7, 32), (32, 3, 3, 16), padding=(1, 1, 1, 1), activation="relu"),
        sized((1, 5, 5, 16), (16, 3, 3, 32), activation="scaled_tanh"),
        sized((2, 5, 6, 16), (16, 3, 3, 32), stride=(2, 2), padding=(1, 1, 1, 1)),
    ]


@pytest.mark.parametrize("case", build(), ids=str)
def test_it_is_the_adjoint_of_conv2d(case):
    s, arrays = case.settings, case.arrays
    v, weight = tensor(arrays["dy"]), tensor(arrays["weight"])
    seen = _core.conv2d_forward(v, weight, None, s.conv(), identity).numpy()
    spread = _core.conv2d_transpose_forward(
        tensor(arrays["x"]), weight, None, s.conv(), s.output_padding, identity
    ).numpy()
    assert error((seen * arrays["x"]).sum(), (spread * arrays["dy"]).sum()) < 1e-12


@cpu_only
@pytest.mark.parametrize("instructions", _core.supported_isas())
def test_bias_and_activation_follow_where_products_are_scattered(instructions):
    with isa(instructions):
        _core.trace_kernels(True)
        try:
            for dtype in ("float32", "float64"):
                case = build()[0]
                TestConv2dTranspose().run(case, cast(case.arrays, dtype))
            reached = set(_core.kernels_reached())
            assert {"conv2d.finish float32", "conv2d.finish float64"} <= reached
        finally:
            _core.trace_kernels(False)


def backward(case, dtype="float32", **given):
    arrays = {name: array.astype(dtype) for name, array in case.arrays.items()}
    x, weight, dy = (tensor(arrays[name]) for name in ("x", "weight", "dy"))
    wanted = {"y": None, "activation": identity, "dweight": None, "dbias": None, "need_dx": True, **given}
    return _core.conv2d_transpose_backward(
        wanted.pop("dy", dy), x, weight, conv=case.settings.conv(), output_padding=(0, 0), **wanted
    )


def test_gradients_that_nobody_asks_for():
    case = build()[0]
    dweight, dbias = kernel_order((5, 2, 2, 3), "float32"), empty((3,), "float32")
    dx = backward(case, dweight=dweight, dbias=dbias).numpy()
    first = dweight.numpy().copy(), dbias.numpy().copy()
    assert backward(case, dweight=dweight, need_dx=False) is None
    assert backward(case, dbias=dbias, need_dx=False) is None
    assert np.array_equal(dweight.numpy(), first[0]) and np.array_equal(dbias.numpy(), first[1])
    assert np.array_equal(backward(case).numpy(), dx)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_flags(bad):
    case = build()[0]
    dy = case.arrays["dy"].astype(np.float32)
    dy[0, 1, 1, 1] = bad
    dweight, dbias = kernel_order((5, 2, 2, 3), "float32"), empty((3,), "float32")
    backward(case, dy=tensor(dy), dweight=dweight, dbias=dbias)
    assert _core.take_nonfinite(dweight) and _core.take_nonfinite(dbias)
    backward(case, dweight=dweight, dbias=dbias)
    assert not _core.take_nonfinite(dweight) and not _core.take_nonfinite(dbias)


def test_errors():
    x, weight, conv = tensor(np.zeros((1, 4, 4, 2))), tensor(np.zeros((2, 3, 3, 5))), _core.Conv2d()

    def forward(x=x, weight=weight, bias=None, conv=conv, extra=(0, 0)):
        return lambda: _core.conv2d_transpose_forward(x, weight, bias, conv, extra, identity)

    rejects(ValueError, r"x is \(N, H, W, C\); got x=\(4, 4\)", forward(tensor(np.zeros((4, 4)))))
    rejects(ValueError, r"weight is \(channels, kh", forward(weight=tensor(np.zeros((2, 3)))))
    rejects(ValueError, "no size of weight is 0", forward(weight=tensor(np.zeros((2, 0, 3, 5)))))
    rejects(ValueError, "a kernel for each channel", forward(weight=tensor(np.zeros((3, 3, 3, 5)))))
    rejects(ValueError, "channels are a multiple of groups", forward(conv=_core.Conv2d(groups=4)))
    rejects(ValueError, "0 <= output_padding < stride; got output_padding=1, stride=1", forward(extra=(0, 1)))
    rejects(ValueError, "padding leaves a pixel", forward(conv=_core.Conv2d(padding=(3, 3, 0, 0))))
    rejects(ValueError, "an image has pixels", forward(tensor(np.zeros((1, 0, 4, 2)))))
    rejects(ValueError, r"bias is \(5,?\)", forward(bias=tensor(np.zeros(2))))
    rejects(TypeError, "one element type", forward(weight=weight.astype("float32")))
    case = build()[0]
    flat = tensor(np.zeros((1, 2), np.float32))
    rejects(ValueError, "dy has the shape of y", lambda: backward(case, dy=flat))
    rejects(ValueError, "needs y; got y=None", lambda: backward(case, activation=_core.Activation("tanh")))
    rejects(
        ValueError,
        r"dweight lies in memory as \(kh, kw, filters / groups, channels\)",
        lambda: backward(case, dweight=empty((5, 2, 2, 3), "float32")),
    )
    rejects(ValueError, r"dbias is \(3,?\)", lambda: backward(case, dbias=empty((4,), "float32")))
