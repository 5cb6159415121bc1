"""The public ops: numpy or tensors in, every gradient out, settings as the layers take them."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(2, 7, 6, 4))
W = GENERATOR.normal(size=(6, 3, 2, 2))
B = GENERATOR.normal(size=6)


def slope(f, array, dy, h=1e-6):
    """Central differences of sum(f * dy) by every element of `array`."""
    result = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        center = array[place]
        array[place] = center + h
        high = (f() * dy).sum()
        array[place] = center - h
        low = (f() * dy).sum()
        array[place] = center
        result[place] = (high - low) / (2 * h)
    return result


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"padding": "same", "activation": "tanh"},
        {
            "stride": (2, 1),
            "padding": ((1, 0), (2, 1)),
            "dilation": (1, 2),
            "activation": "leaky_relu",
            "slope": 0.3,
        },
    ],
)
def test_conv2d_gives_every_gradient(settings):
    x, w, b = X.copy(), W.copy(), B.copy()

    def y():
        return st.ops.conv2d_forward(x, w, b, groups=2, **settings).numpy()

    dy = np.random.default_rng(1).normal(size=y().shape)
    gradients = st.ops.conv2d_backward(dy, x, w, y(), groups=2, **settings)
    for array, gradient in zip((x, w, b), gradients, strict=True):
        assert gradient.shape == array.shape
        assert np.allclose(gradient.numpy(), slope(y, array, dy), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["identity", "sigmoid", "softmax"])
def test_dense_gives_every_gradient(kind):
    x, w, b = GENERATOR.normal(size=(2, 3, 5)), GENERATOR.normal(size=(4, 5)), GENERATOR.normal(size=4)

    def y():
        return st.ops.dense_forward(x, w, b, activation=kind).numpy()

    dy = np.random.default_rng(1).normal(size=(2, 3, 4))
    gradients = st.ops.dense_backward(dy, x, w, y(), activation=kind)
    for array, gradient in zip((x, w, b), gradients, strict=True):
        assert gradient.shape == array.shape
        assert np.allclose(gradient.numpy(), slope(y, array, dy), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "settings", [{}, {"stride": 1, "padding": "same"}, {"stride": 2, "padding": 1, "ceil": True}]
)
def test_pools(settings):
    x = X.copy()

    def largest():
        return st.ops.max_pool2d_forward(x, (3, 2), **settings)[0].numpy()

    def mean():
        return st.ops.average_pool2d_forward(x, (3, 2), **settings).numpy()

    _, argmax = st.ops.max_pool2d_forward(x, (3, 2), **settings)
    dy = np.random.default_rng(1).normal(size=largest().shape)
    dx = st.ops.max_pool2d_backward(dy, argmax, x.shape, (3, 2), **settings)
    assert np.allclose(dx.numpy(), slope(largest, x, dy), atol=1e-7)
    dx = st.ops.average_pool2d_backward(dy, x.shape, (3, 2), **settings)
    assert np.allclose(dx.numpy(), slope(mean, x, dy), atol=1e-7)


def test_numpy_and_tensors_give_the_same_bits():
    for x, w, b in ((X, W, B), (X.astype(np.float32), W.astype(np.float32), B.astype(np.float32))):
        by_array = st.ops.conv2d_forward(x, w, b, groups=2)
        by_tensor = st.ops.conv2d_forward(st.tensor(x), st.tensor(w), st.tensor(b), groups=2)
        assert by_array.dtype == x.dtype.name
        assert np.array_equal(by_array.numpy(), by_tensor.numpy())


def test_dropout_repeats_for_the_same_numbers_and_differs_for_others():
    x = st.ones((1000,))

    def mask(**numbers):
        return st.ops.dropout_forward(x, 0.5, **{"seed": 1, "counter": 2, "stream": 3, **numbers})[0].tolist()

    assert mask() == mask()
    for other in ({"seed": 2}, {"counter": 3}, {"stream": 4}):
        assert mask() != mask(**other)


def test_sgd_on_segments():
    theta, gradient = st.ones((4,)), st.ones((4,))
    velocity = st.zeros((4,))
    options = {"learning_rate": 0.5, "momentum": 0.9, "weight_decay": 1, "segments": [[0, 1, 1], [2, 4, 0]]}
    st.ops.sgd(theta, gradient, velocity, **options)
    assert theta.tolist() == [0, 1, 0.5, 0.5]
    assert velocity.tolist() == [2, 0, 1, 1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: st.ops.conv2d_forward(X, W), ValueError, r"\[conv2d"),
        (lambda: st.ops.conv2d_forward(X, W.astype(np.float32), groups=2), TypeError, r"\[conv2d"),
        (lambda: st.ops.conv2d_forward(X[0], W), ValueError, r"\[conv2d"),
        (lambda: st.ops.conv2d_forward(X, W[0]), ValueError, r"\[conv2d"),
        (lambda: st.ops.conv2d_backward(X, X, W[0]), ValueError, r"\[conv2d"),
        (lambda: st.ops.dense_forward(X, W), ValueError, r"\[dense"),
        (lambda: st.ops.dense_backward(X, X, W), ValueError, r"\[dense"),
        (lambda: st.ops.dense_forward(X, [[1.0] * 3]), ValueError, r"\[dense"),
        (lambda: st.ops.activation_forward(X, "swish"), ValueError, "swish"),
        (lambda: st.ops.max_pool2d_forward(X, 9), ValueError, r"\[max_pool2d"),
        (lambda: st.ops.max_pool2d_forward(X[0], 2), ValueError, r"\[max_pool2d"),
        (lambda: st.ops.dropout_forward(X, 1.0, seed=0), ValueError, r"\[dropout"),
        (lambda: st.ops.squared_error(X, X[:1]), ValueError, r"\[squared_error"),
        (lambda: st.ops.cross_entropy(X[0, 0], [0, 1, 4, 0, 0, 0]), IndexError, r"\[cross_entropy.*row 2"),
        (lambda: st.ops.gather(X, [2]), IndexError, r"\[gather"),
        (lambda: st.ops.gather(X, [0.5]), TypeError, r"\[gather\] index is int64 \(B\); got index=float64"),
        (lambda: st.ops.gather(X, [True]), TypeError, r"\[gather"),
        (lambda: st.ops.sgd(B, st.tensor(B), learning_rate=1), TypeError, r"\[sgd\] theta is a Tensor"),
        (lambda: st.ops.conv2d_forward(X, W, stride=2**70), ValueError, "stride is at most 1048576"),
        (lambda: st.ops.count_correct(X[0, 0], [1, 2]), ValueError, r"\[count_correct"),
        (lambda: st.ops.dense_forward("x", W), TypeError, "real numbers"),
    ],
)
def test_errors_name_the_op(call, error, message):
    with pytest.raises(error, match=message):
        call()
