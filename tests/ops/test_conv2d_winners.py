"""The gradients of a convolution through max-pooling: from the winners alone, and by way of all outputs."""

import numpy as np
import pytest

from convolutions import ConvolutionTests, kernel_order, sized, taps
from harness import Case, cast, cpu_only, empty, error, isa, normal, rejects, results, same_bits, tensor
from products import activate
from strate import _core

POOL = _core.Pool2d((2, 2), (2, 2))
IDENTITY = _core.Activation("identity")


def pooled(x, weight, smooth=True, **settings):
    """A case by `sized` whose dy is of the windows; of many, some change their winner within a step."""
    case = sized(x, weight, **settings)
    n, height, width, filters = case.arrays["dy"].shape
    dy = normal(n, height // 2, width // 2, filters, seed=4)
    return Case(case.name, {**case.arrays, "dy": dy}, case.settings, smooth)


class TestWinners(ConvolutionTests):
    """What neither wins nor is in a window counts nothing."""

    parameters = None  # where a window's numbers are rounded until they are equal, another one wins
    exact = ("argmax",)
    float32_bound = 3e-6
    test_added = None  # nothing is added to what is pooled
    cases = [
        # LeNet-5's; two windows to a register of eight filters and more
        pooled((8, 28, 28, 1), (6, 5, 5, 1), padding=(2, 2, 2, 2), activation="relu"),
        pooled((11, 14, 14, 6), (16, 5, 5, 6), activation="relu"),
        # odd sizes: rows and columns without a window, an odd number of windows to a row
        pooled((14, 19, 21, 3), (4, 3, 3, 3), padding=(1, 1, 1, 1)),
        pooled((20, 15, 16, 2), (7, 5, 5, 2), padding=(0, 1, 2, 0), activation="relu"),
        # filters in several registers, the last one partial; rows of one to four registers for dx
        pooled((17, 12, 12, 8), (11, 3, 3, 8)),
        pooled((19, 12, 11, 5), (13, 3, 3, 5), padding=(2, 2, 2, 2), activation="relu"),
        pooled((33, 9, 9, 1), (16, 3, 3, 1)),
        pooled((40, 10, 14, 8), (8, 5, 5, 8), smooth=False, padding=(2, 2, 2, 2)),
        # a single image
        pooled((1, 14, 14, 6), (16, 5, 5, 6), activation="relu"),
        # fewer windows than are worth it, or images; none
        pooled((1, 12, 12, 3), (6, 3, 3, 3), activation="relu"),
        pooled((7, 28, 28, 1), (6, 5, 5, 1), padding=(2, 2, 2, 2)),
        pooled((0, 12, 12, 3), (6, 3, 3, 3)),
        # by way of all outputs: many channels, a kernel that is not square
        pooled((8, 12, 12, 9), (20, 3, 3, 9), smooth=False, padding=(1, 1, 1, 1)),
        pooled((16, 12, 12, 4), (8, 3, 5, 4), smooth=False),
    ]
    float64_bound = 1e-11
    alone = cases[:9]

    def run(self, case, arrays):
        conv, activation = case.settings.conv(), _core.Activation(case.settings.activation)
        x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
        z, argmax = _core.conv2d_pooled_forward(x, weight, bias, conv, activation, POOL, True)
        dweight, dbias = kernel_order(weight.shape, weight.dtype), empty(bias.shape, weight.dtype)
        given = dy, x, weight, z, argmax, conv, activation, POOL
        dx = _core.conv2d_pooled_backward(*given, dweight, dbias, True)
        assert _core.conv2d_pooled_backward(*given, None, None, False) is None
        return results(y=z, argmax=argmax, dx=dx, dweight=dweight, dbias=dbias)

    def oracle(self, case, arrays):
        s, x, weight, dy = case.settings, arrays["x"], arrays["weight"], arrays["dy"]
        top, bottom, left, right = s.padding
        padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
        places = list(taps(x.shape, weight.shape, s))
        z = sum(padded[seen] @ weight[:, a, b].T for a, b, seen, _ in places) + arrays["bias"]
        n, down, across, filters = dy.shape
        inside = z[:, : 2 * down, : 2 * across].reshape(n, down, 2, across, 2, filters)
        inside = inside.transpose(0, 1, 3, 5, 2, 4).reshape(*dy.shape, 4)
        argmax = activate(s.activation, inside)[0].argmax(-1)
        y, backward = activate(s.activation, inside.max(-1))
        won = (np.arange(4) == argmax[..., None]) * backward(dy)[..., None]
        dz = np.zeros(z.shape)
        won = won.reshape(*dy.shape, 2, 2).transpose(0, 1, 4, 2, 5, 3)
        dz[:, : 2 * down, : 2 * across] = won.reshape(n, 2 * down, 2 * across, filters)
        dpadded, dweight = np.zeros(padded.shape), np.zeros(weight.shape)
        for a, b, seen, _ in places:
            dweight[:, a, b] = np.einsum("nijo,nijc->oc", dz, padded[seen])
            dpadded[seen] += dz @ weight[:, a, b]
        dx = dpadded[:, top : top + x.shape[1], left : left + x.shape[2]]
        return {"y": y, "argmax": argmax, "dx": dx, "dweight": dweight, "dbias": dz.sum((0, 1, 2))}

    def separate(self, case, arrays):
        """The same by three ops."""
        conv, activation = case.settings.conv(), _core.Activation(case.settings.activation)
        x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
        y = _core.conv2d_forward(x, weight, bias, conv, IDENTITY)
        z, argmax = _core.max_pool2d_forward(_core.activation_forward(y, activation), POOL, True)
        dweight, dbias = kernel_order(weight.shape, weight.dtype), empty(bias.shape, weight.dtype)
        dz = _core.max_pool2d_backward(_core.activation_backward(dy, z, activation), argmax, y.shape, POOL)
        dx = _core.conv2d_backward(dz, x, weight, None, conv, IDENTITY, dweight, dbias, True)
        return results(dx=dx, dweight=dweight, dbias=dbias)

    def test_through_the_activation_before(self, case):
        arrays = cast(case.arrays, "float32")
        conv, activation, before = case.settings.conv(), _core.Activation("relu"), _core.Activation("tanh")
        x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
        z, argmax = _core.conv2d_pooled_forward(x, weight, bias, conv, activation, POOL, True)
        given = dy, x, weight, z, argmax, conv, activation, POOL, None, None, True
        apart = _core.activation_backward(_core.conv2d_pooled_backward(*given), x, before)
        assert _core.conv2d_pooled_backward(*given, before).numpy().tobytes() == apart.numpy().tobytes()

    def test_fused_against_unfused(self, case):
        arrays = cast(case.arrays, "float32")
        found, wanted = self.run(case, arrays), self.separate(case, arrays)
        if case not in self.alone:
            assert same_bits({name: found[name] for name in wanted}, wanted) == []
        assert max(error(found[name], wanted[name]) for name in wanted) < 1e-6


@cpu_only
@pytest.mark.parametrize("instructions", _core.supported_isas())
def test_the_cases_go_the_way_that_they_are_for(instructions):
    tests = TestWinners()
    with isa(instructions):
        for case in tests.cases:
            _core.trace_kernels(True)
            try:
                tests.run(case, cast(case.arrays, "float32"))
                reached = set(_core.kernels_reached())
            finally:
                _core.trace_kernels(False)
            alone = {"winners.weight float32", "winners.input float32"} <= reached
            assert alone == (case in tests.alone), case.name


@pytest.mark.parametrize("name", ["x", "dy"])
def test_a_gradient_that_is_not_finite_raises_the_flag(name):
    case = TestWinners.cases[0]
    arrays = cast(case.arrays, "float32")
    conv, activation = case.settings.conv(), _core.Activation("identity")
    x, weight, bias, dy = (tensor(arrays[name]) for name in ("x", "weight", "bias", "dy"))
    z, argmax = _core.conv2d_pooled_forward(x, weight, bias, conv, activation, POOL, True)
    dweight, dbias = kernel_order(weight.shape, weight.dtype), empty(bias.shape, weight.dtype)
    for infinite in (False, True):
        if infinite:
            arrays[name].flat[arrays[name].size // 2] = np.inf
            x, dy = tensor(arrays["x"]), tensor(arrays["dy"])
        _core.conv2d_pooled_backward(dy, x, weight, z, argmax, conv, activation, POOL, dweight, dbias, False)
        assert _core.take_nonfinite(dweight) == infinite
        assert _core.take_nonfinite(dbias) == (infinite and name == "dy")


def test_refuses_what_does_not_fit():
    x, weight = tensor(normal(8, 8, 8, 2)), tensor(normal(6, 3, 3, 2))
    z, argmax = _core.conv2d_pooled_forward(x, weight, None, _core.Conv2d(), IDENTITY, POOL, True)

    def backward(dy, places, dbias=None):
        given = dy, x, weight, z, places, _core.Conv2d(), IDENTITY, POOL
        return _core.conv2d_pooled_backward(*given, None, dbias, True)

    fits = r"dy, z and argmax are \(8, 3, 3, 6\)"
    rejects(ValueError, fits, lambda: backward(tensor(normal(8, 3, 3, 5)), argmax))
    rejects(ValueError, fits, lambda: backward(z, tensor(np.zeros((8, 3, 3, 5), np.uint8))))
    rejects(
        TypeError, "argmax of this window is uint8", lambda: backward(z, tensor(np.zeros(z.shape, np.int32)))
    )
    rejects(ValueError, "dbias is", lambda: backward(z, argmax, tensor(normal(5))))
    x = tensor(normal(64, 16, 16, 2))  # enough for the winners alone: the same errors
    z, argmax = _core.conv2d_pooled_forward(x, weight, None, _core.Conv2d(), IDENTITY, POOL, True)
    rejects(ValueError, "dy, z and argmax are", lambda: backward(z, tensor(np.zeros((1, 3, 3, 6), np.uint8))))
    rejects(
        TypeError, "argmax of this window is uint8", lambda: backward(z, tensor(np.zeros(z.shape, np.int32)))
    )
    rejects(ValueError, "dbias is", lambda: backward(z, argmax, tensor(normal(5))))
