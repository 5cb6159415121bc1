"""Batch normalisation: numpy, numbers far from zero, running statistics, folding, and the error texts."""

from dataclasses import dataclass

import numpy as np
import pytest

from harness import Case, OpTests, error, isa, normal, rejects, results, same_bits, tensor
from strate import _core

EPSILON = 1e-3
identity = _core.Activation("identity")


@dataclass(frozen=True)
class Settings:
    activation: str = "identity"
    training: bool = True
    scale: bool = True
    center: bool = True
    need_dx: bool = True


def sized(shape, settings=Settings(), **options):
    """A case of x with this shape; the last axis has the channels."""
    channels = shape[-1]
    arrays = {
        "x": normal(*shape, seed=1),
        "gamma": 1 + normal(channels, seed=2, scale=0.2),
        "beta": normal(channels, seed=3),
        "mean": normal(channels, seed=4),
        "variance": 1 + np.abs(normal(channels, seed=5)),
        "dy": normal(*shape, seed=6),
    }
    arrays = {name: np.float64(np.float32(a)) for name, a in arrays.items()}
    how = "training" if settings.training else "inference"
    return Case(f"{'x'.join(map(str, shape))} {settings.activation} {how}", arrays, settings, **options)


def slopes(kind, y):
    """g'(z) as a function of y = g(z)."""
    ones = np.ones_like(y)
    below = {"relu": 0 * ones, "leaky_relu": 0.01 * ones}
    if kind in below:
        return np.where(y <= 0, below[kind], ones)
    return {"identity": ones, "sigmoid": y * (1 - y), "tanh": 1 - y * y}[kind]


def activate(kind, z):
    below = {"relu": 0.0, "leaky_relu": 0.01}
    if kind in below:
        return np.where(z < 0, below[kind] * z, z)
    return {"identity": lambda z: z, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}[kind](z)


class TestBatchNorm(OpTests):
    gradients = {"x": "dx", "gamma": "dgamma", "beta": "dbeta"}
    nan_inputs = ("x", "dy", "gamma")
    parameters = ("gamma", "beta", "mean", "variance")
    written = ("mean", "variance")
    float32_bound = 3e-6
    float64_bound = 1e-11
    cases = [
        sized((2, 1), Settings("tanh")),
        sized((3, 5), Settings("sigmoid")),
        sized((7, 3, 2, 6), Settings("relu")),
        sized((64, 120), Settings("leaky_relu")),
        sized((5, 4, 4, 33)),
        sized((37, 21, 6), Settings("relu")),
        sized((2, 50, 3, 16), Settings("tanh")),
        sized((600, 1)),
        sized((2, 9, 9, 300), Settings("relu")),
        sized((40, 1100), Settings("relu")),
        sized((3, 40, 37, 10)),
        sized((6, 7), Settings(scale=False)),
        sized((6, 70), Settings("relu", center=False)),
        sized((4, 5, 8), Settings(need_dx=False)),
        sized((3, 4, 8)),
        sized((5, 3, 8), Settings("relu")),
        sized((1, 4), Settings("sigmoid", training=False)),
        sized((30, 20, 6), Settings("relu", training=False)),
        sized((3, 2, 2, 70), Settings(training=False, scale=False)),
        sized((0, 5)),
        sized((4, 0, 3), Settings("relu", training=False)),
        sized((4, 0), nan=()),
    ]

    def run(self, case, arrays):
        s, x, dtype = case.settings, tensor(arrays["x"]), str(arrays["x"].dtype)
        gamma = tensor(arrays["gamma"]) if s.scale else None
        beta = tensor(arrays["beta"]) if s.center else None
        mean, variance = (tensor(arrays[name]) for name in ("mean", "variance"))
        kernel = _core.Activation(s.activation)
        y, statistics = _core.batch_norm_forward(
            x, gamma, beta, mean, variance, 0.75, EPSILON, s.training, kernel
        )
        dgamma = tensor(np.full(arrays["gamma"].shape, 7, dtype)) if s.scale else None
        dbeta = tensor(np.full(arrays["gamma"].shape, 7, dtype)) if s.center else None
        dx = _core.batch_norm_backward(
            tensor(arrays["dy"]), x, statistics, gamma, beta, s.training, kernel, dgamma, dbeta, s.need_dx
        )
        return results(y=y, dx=dx, dgamma=dgamma, dbeta=dbeta, running_mean=mean, running_variance=variance)

    def test_gradients(self, case):
        s = case.settings
        found = self.run(case, {k: v.copy() for k, v in case.arrays.items()})
        for name, wanted in (("x", s.need_dx), ("gamma", s.scale), ("beta", s.center)):
            if wanted:
                self.check_gradient(case, name, found[self.gradients[name]])

    def oracle(self, case, arrays):
        s, channels = case.settings, arrays["x"].shape[-1]
        n = int(np.prod(arrays["x"].shape[:-1]))
        x, dy = arrays["x"].reshape(n, channels), arrays["dy"].reshape(n, channels)
        gamma = arrays["gamma"] if s.scale else np.ones(channels)
        beta = arrays["beta"] if s.center else np.zeros(channels)
        mean, variance = arrays["mean"], arrays["variance"]
        running = {"running_mean": mean, "running_variance": variance}
        if s.training and n:
            mean, variance = x.mean(0), x.var(0)
            running = {
                "running_mean": 0.75 * arrays["mean"] + 0.25 * mean,
                "running_variance": 0.75 * arrays["variance"] + 0.25 * variance * n / (n - 1),
            }
        inverse = 1 / np.sqrt(variance + EPSILON)
        xhat = (x - mean) * inverse
        y = activate(s.activation, gamma * xhat + beta)
        # What lies below the kink takes no part, NaN or not.
        slope = slopes(s.activation, y)
        dz = np.where(slope == 0, 0, dy * slope)
        dgamma, dbeta = (dz * xhat).sum(0), dz.sum(0)
        dx = gamma * inverse * (dz - (dbeta / n + xhat * dgamma / n if s.training and n else 0))
        found = {"y": y, "dx": dx, "dgamma": dgamma, "dbeta": dbeta}
        kept = {"dx": s.need_dx, "dgamma": s.scale, "dbeta": s.center}
        found = {k: v for k, v in found.items() if kept.get(k, True)}
        shaped = {k: v.reshape(arrays["x"].shape) for k, v in found.items() if k in ("y", "dx")}
        return found | shaped | running


def normalise(x, training=True, momentum=0.9, epsilon=1e-5):
    mean, variance = (tensor(made(x.shape[-1], x.dtype)) for made in (np.zeros, np.ones))
    y, _ = _core.batch_norm_forward(
        tensor(x), None, None, mean, variance, momentum, epsilon, training, identity
    )
    return y.numpy(), mean.numpy(), variance.numpy()


@pytest.mark.parametrize("instructions", _core.supported_isas())
@pytest.mark.parametrize("channels", [3, 64, 200])
def test_a_mean_far_from_zero_costs_no_digits(channels, instructions):
    x = (1e4 + np.random.default_rng(0).normal(size=(3000, channels))).astype(np.float32)
    exact = (x - x.mean(0, dtype=np.float64)) / np.sqrt(x.var(0, dtype=np.float64) + 1e-5)
    with isa(instructions):
        y, mean, variance = normalise(x, momentum=0)
    assert error(y, exact) < 1e-6
    assert error(mean, x.mean(0, dtype=np.float64)) < 1e-7
    assert error(variance, x.var(0, ddof=1, dtype=np.float64)) < 1e-6


@pytest.mark.parametrize("kind", ["first row apart", "first block apart", "sorted", "a jump"])
def test_variance_of_rows_that_are_not_alike(kind):
    """Data on which a fixed shift, or sums of squares, would lose every digit."""
    x = np.random.default_rng(0).normal(size=(4096, 64))
    if kind == "sorted":
        x = np.sort(1e3 * x, axis=0) + x
    else:
        begin, end = {"first row apart": (0, 1), "first block apart": (0, 64), "a jump": (2000, 2100)}[kind]
        x[begin:end] += 3e4
    x = x.astype(np.float32)
    y, _, variance = normalise(x, momentum=0)
    double = x.astype(np.float64)
    assert error(variance, double.var(0, ddof=1)) < 1e-6
    assert error(y, (double - double.mean(0)) / np.sqrt(double.var(0) + 1e-5)) < 1e-6


def test_a_constant_channel_becomes_zero():
    y, _, variance = normalise(np.full((1000, 3), 1234.567, np.float32), momentum=0)
    assert (y == 0).all() and (variance == 0).all()


def test_numbers_may_begin_anywhere_in_memory():
    """At no multiple of the bytes that a device moves at a time: the same bits."""
    flat, dy = np.float32(normal(1 + 60 * 8)), tensor(np.float32(normal(60, 8, seed=2)))
    found = []
    for x in (tensor(flat[1:].reshape(60, 8).copy()), tensor(flat)[1:].reshape((60, 8))):
        y, statistics = _core.batch_norm_forward(x, None, None, None, None, 0.9, 1e-5, True, identity)
        dx = _core.batch_norm_backward(dy, x, statistics, None, None, True, identity, None, None, True)
        found.append(results(y=y, dx=dx))
    assert same_bits(*found) == []


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(3, 5), (70, 16), (9, 8, 8, 48), (2, 5000), (0, 7), (6, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_added(dtype, shape, training):
    """What is added before the activation: the same bits as in a pass of its own."""
    x, other = (tensor(normal(*shape, seed=seed).astype(dtype)) for seed in (1, 2))
    gamma, beta = (tensor(normal(shape[-1], seed=seed).astype(dtype)) for seed in (3, 4))
    for kind in ("identity", "relu", "sigmoid"):
        combine = _core.Combine("add", _core.Activation(kind))
        found = []
        for kernel, added in ((combine.activation, other), (identity, None)):
            mean, variance = (tensor(np.ones(shape[-1], dtype)) for _ in range(2))
            given = x, gamma, beta, mean, variance, 0.9, 1e-5, training, kernel, added
            y, statistics = _core.batch_norm_forward(*given)
            y = y if added is not None else _core.combine_forward(y, other, combine)
            found.append(results(y=y, statistics=statistics, mean=mean, variance=variance))
        assert same_bits(*found) == []


def test_running_statistics_move_like_pytorchs():
    x = np.array([[1.0], [3.0]])
    _, mean, variance = normalise(x, momentum=0.9)
    assert mean == pytest.approx([0.1 * 2]) and variance == pytest.approx([0.9 + 0.1 * 2])
    _, mean, variance = normalise(x, training=False)
    assert mean == [0] and variance == [1]


def test_a_gradient_that_is_not_finite_raises_its_flag():
    x = tensor(normal(8, 3))
    _, statistics = _core.batch_norm_forward(x, None, None, None, None, 0.9, 1e-5, True, identity)
    for bad, flagged in ((0.0, False), (np.inf, True), (np.nan, True)):
        dy = normal(8, 3)
        dy[2, 1] += bad
        dgamma, dbeta = tensor(np.zeros(3)), tensor(np.zeros(3))
        _core.batch_norm_backward(tensor(dy), x, statistics, None, None, True, identity, dgamma, dbeta, False)
        assert _core.take_nonfinite(dgamma) is flagged and _core.take_nonfinite(dbeta) is flagged


# ---- folding


class TestFold(OpTests):
    """Weights in several memory orders, with the outputs in front, inside and last."""

    nan_inputs = ("weight", "bias", "gamma", "mean")
    strided_inputs = ("bias", "gamma", "beta", "mean", "variance")
    cases = [
        Case(
            f"{'x'.join(map(str, shape))} in order {order}",
            {
                "weight": normal(*shape),
                "bias": normal(shape[0]),
                "gamma": normal(shape[0], seed=2),
                "beta": normal(shape[0], seed=3),
                "mean": normal(shape[0], seed=4),
                "variance": np.abs(normal(shape[0], seed=9)),
            },
            order,
        )
        for shape, order in [
            ((37, 3, 2, 19), (0, 1, 2, 3)),
            ((37, 3, 2, 19), (1, 2, 3, 0)),
            ((5, 3, 2, 19), (1, 0, 2, 3)),
            ((64, 300), (1, 0)),
            ((3,), (0,)),
            ((0, 4), (1, 0)),
        ]
    ]

    def run(self, case, arrays):
        order = case.settings
        weight = tensor(np.ascontiguousarray(arrays["weight"].transpose(order)))
        weight = weight.transpose([int(axis) for axis in np.argsort(order)])
        others = (tensor(arrays[name]) for name in ("bias", "gamma", "beta", "mean", "variance"))
        folded, shift = _core.batch_norm_fold(weight, *others, EPSILON)
        assert folded.strides == weight.strides or arrays["weight"].size == 0
        return results(folded=folded, shift=shift)

    def oracle(self, case, arrays):
        factor = arrays["gamma"] / np.sqrt(arrays["variance"] + EPSILON)
        folded = arrays["weight"] * factor.reshape(-1, *[1] * (arrays["weight"].ndim - 1))
        return {"folded": folded, "shift": (arrays["bias"] - arrays["mean"]) * factor + arrays["beta"]}


def test_fold_without_bias_gamma_and_beta():
    weight, mean, variance = normal(3, 4), normal(3), np.ones(3)
    folded, shift = _core.batch_norm_fold(
        tensor(weight), None, None, None, tensor(mean), tensor(variance), EPSILON
    )
    factor = 1 / np.sqrt(1 + EPSILON)
    assert np.allclose(folded.numpy(), weight * factor, rtol=1e-14)
    assert np.allclose(shift.numpy(), -mean * factor, rtol=1e-14)


def test_errors():
    x, three, four = (tensor(np.zeros(shape)) for shape in ((2, 3), 3, 4))
    kept = tensor(np.zeros((2, 3)))

    def forward(x=x, gamma=None, mean=None, momentum=0.9, epsilon=1e-5, training=True, kernel=identity):
        return _core.batch_norm_forward(x, gamma, None, mean, mean, momentum, epsilon, training, kernel)

    def backward(dy=x, statistics=kept, dgamma=None):
        return _core.batch_norm_backward(dy, x, statistics, None, None, True, identity, dgamma, None, True)

    one = r"\[batch_norm\] training needs more than one value per channel; got x=\(1, 1, 3\)"
    rejects(ValueError, one, lambda: forward(tensor(np.zeros((1, 1, 3)))))
    rejects(ValueError, r"0 <= momentum <= 1; got momentum=1.5", lambda: forward(momentum=1.5))
    rejects(ValueError, r"epsilon is above 0; got epsilon=0", lambda: forward(epsilon=0))
    rejects(ValueError, r"x has an axis of channels; got x=\(\)", lambda: forward(tensor(np.zeros(()))))
    rejects(ValueError, r"gamma has one number .* \(3,?\); got gamma=\(4,?\)", lambda: forward(gamma=four))
    rejects(TypeError, "x and gamma have one element type", lambda: forward(gamma=three.astype("float32")))
    rejects(ValueError, r"mean is needed; got mean=None", lambda: forward(training=False))
    rejects(ValueError, "mean is written: contiguous", lambda: forward(mean=three.as_read_only()))
    rejects(ValueError, "is elementwise", lambda: forward(kernel=_core.Activation("softmax")))
    rejects(
        ValueError,
        r"added has the shape of the result, \(2, 3\); got added=\(3",
        lambda: _core.batch_norm_forward(x, None, None, None, None, 0.9, 1e-5, True, identity, three),
    )
    rejects(ValueError, "x and dy have one shape", lambda: backward(dy=three))
    rejects(TypeError, r"statistics are what forward returned", lambda: backward(statistics=three))
    rejects(ValueError, r"dgamma has one number", lambda: backward(dgamma=four))
    rejects(
        ValueError,
        r"mean has one number",
        lambda: _core.batch_norm_fold(x, None, None, None, three, three, 1e-5),
    )
