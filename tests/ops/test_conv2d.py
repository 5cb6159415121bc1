"""Convolution: a plain sum over taps in numpy, the lecture's example, each way to compute it, error texts."""

import numpy as np
import pytest

from convolutions import DirectTests, convolution, kernel_order, sized
from harness import cast, cpu_only, empty, error, isa, normal, rejects, results, same_bits, tensor
from strate import _core

identity = _core.Activation("identity")


class TestConv2d(DirectTests):
    # A float32 sum of up to 4 000 terms (dweight, over pixels) against its float64 result.
    float32_bound = 3e-6
    cases = [
        sized((1, 1, 1, 1), (1, 1, 1, 1)),
        sized((2, 5, 5, 3), (1, 3, 3, 3), padding=(1, 1, 1, 1)),
        sized((0, 5, 5, 3), (4, 3, 3, 3), padding=(1, 1, 1, 1), activation="relu"),
        sized((0, 5, 5, 1), (4, 3, 3, 1)),
        sized((0, 5, 5, 4), (4, 3, 3, 1), groups=4),
        # matrix: pointwise, and a kernel as large as the image
        sized((3, 7, 6, 20), (9, 1, 1, 20), activation="sigmoid"),
        sized((5, 4, 3, 7), (11, 4, 3, 7), activation="relu"),
        # pairs: one channel, few filters, odd and even widths, with and without padding, many kernel widths
        sized((20, 28, 28, 1), (6, 5, 5, 1), padding=(2, 2, 2, 2)),
        sized((2, 9, 8, 1), (1, 3, 3, 1), activation="leaky_relu"),
        sized((2, 6, 7, 1), (2, 2, 1, 1), padding=(0, 1, 2, 0)),
        sized((2, 9, 8, 3), (5, 3, 3, 3), activation="scaled_tanh"),
        sized((3, 11, 40, 1), (1, 4, 7, 1), stride=(2, 1), dilation=(2, 1), activation="tanh"),
        sized((1, 6, 33, 1), (3, 6, 2, 1), padding=(0, 0, 1, 1)),
        # direct, gradient of the input by scattering: strides, dilations, padding beyond the kernel, odd ones
        sized((20, 14, 14, 6), (16, 5, 5, 6), activation="relu"),
        sized((2, 11, 9, 3), (5, 3, 2, 3), stride=(2, 3), padding=(1, 0, 2, 1), activation="leaky_relu"),
        sized((1, 23, 23, 3), (24, 11, 11, 3), stride=(4, 4), padding=(2, 2, 2, 2)),
        sized((2, 10, 12, 4), (6, 3, 3, 4), stride=(1, 2), dilation=(2, 3), padding=(4, 0, 0, 5)),
        sized((1, 6, 6, 2), (3, 1, 1, 2), stride=(3, 3), padding=(2, 1, 0, 3), activation="sigmoid"),
        sized((1, 5, 5, 40), (33, 3, 3, 40), stride=(2, 2), padding=(1, 1, 1, 1)),
        # direct, gradient of the input by convolution: packed weights, cut filters, cut-off outer padding
        sized((2, 13, 13, 16), (70, 3, 3, 16), padding=(1, 1, 1, 1), activation="relu"),
        sized((1, 4, 5, 130), (256, 3, 3, 130), padding=(1, 1, 1, 1), activation="tanh"),
        sized((2, 7, 7, 17), (5, 3, 3, 17), padding=(3, 3, 4, 2), activation="relu"),
        sized((2, 8, 8, 18), (20, 2, 3, 18), dilation=(3, 2), padding=(1, 2, 0, 1)),
        # groups and depthwise
        sized((2, 8, 7, 12), (8, 3, 3, 3), groups=4, padding=(1, 1, 1, 1), activation="relu"),
        sized((1, 9, 9, 48), (50, 3, 2, 24), groups=2, stride=(2, 1), padding=(1, 0, 1, 0)),
        sized((1, 6, 6, 40), (4, 3, 3, 20), groups=2, padding=(1, 1, 1, 1), activation="softmax"),
        sized((2, 6, 6, 5), (10, 3, 3, 1), groups=5),
        sized((2, 12, 11, 37), (37, 3, 3, 1), groups=37, padding=(1, 1, 1, 1), activation="relu"),
        # channels that fill registers with those of the pixels beside them
        sized((2, 5, 15, 12), (12, 3, 3, 1), groups=12, padding=(1, 1, 1, 1), activation="leaky_relu"),
        sized((1, 4, 53, 3), (3, 2, 4, 1), groups=3, dilation=(1, 3), padding=(0, 0, 1, 4)),
        sized(
            (3, 9, 20, 6),
            (6, 2, 5, 1),
            groups=6,
            stride=(2, 2),
            dilation=(1, 2),
            padding=(0, 1, 3, 0),
            activation="tanh",
        ),
    ]


def channel(text):
    return np.array([[float(v) for v in row.split()] for row in text.split(";")])


def test_lecture():
    red = channel(
        "156 155 156 158 158; 153 154 157 159 159; 149 151 155 158 159;"
        "146 146 149 153 158; 145 143 143 148 158"
    )
    green = channel(
        "167 166 167 169 169; 164 165 168 170 170; 160 162 166 169 170;"
        "156 156 159 163 168; 155 153 153 158 168"
    )
    blue = channel(
        "163 162 163 165 165; 160 161 164 166 166; 156 158 162 165 166;"
        "155 155 158 162 167; 154 152 152 157 167"
    )
    kernels = ["-1 -1 1; 0 1 -1; 0 1 1", "1 0 0; 1 -1 -1; 1 0 -1", "0 1 1; 0 1 0; 1 -1 1"]
    x = np.stack([red, green, blue], -1)[None]
    weight = np.stack([channel(k) for k in kernels], -1)[None]
    y = _core.conv2d_forward(
        tensor(x), tensor(weight), tensor(np.ones(1)), _core.Conv2d(padding=(1, 1, 1, 1)), identity
    )
    assert y.shape == (1, 5, 5, 1)
    assert y.numpy()[0, :4, :4, 0].tolist() == [
        [-25, 466, 466, 475], [295, 787, 798, 812], [291, 776, 784, 800], [293, 771, 773, 782],
    ]  # fmt: skip


def test_shape():
    assert _core.conv2d_shape((7, 32, 32, 3), (6, 5, 5, 3), _core.Conv2d()) == (7, 28, 28, 6)
    assert _core.conv2d_shape((1, 224, 224, 3), (96, 11, 11, 3), _core.Conv2d((4, 4), (2, 2, 2, 2))) == (
        1,
        55,
        55,
        96,
    )
    conv = _core.Conv2d((2, 3), (1, 0, 2, 4), (3, 2), 5)
    assert (conv.stride, conv.padding, conv.dilation, conv.groups) == ((2, 3), (1, 0, 2, 4), (3, 2), 5)
    assert _core.conv2d_shape((1, 20, 20, 10), (5, 3, 3, 2), conv) == (1, 8, 8, 5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_either_memory_order_of_the_weight_gives_the_same_bits(dtype):
    x, weight = normal(2, 6, 6, 5).astype(dtype), normal(7, 3, 3, 5, seed=2).astype(dtype)
    in_kernel_order = tensor(np.ascontiguousarray(weight.transpose(1, 2, 3, 0))).transpose((3, 0, 1, 2))
    conv = _core.Conv2d()
    first = _core.conv2d_forward(tensor(x), tensor(weight), None, conv, identity).numpy()
    second = _core.conv2d_forward(tensor(x), in_kernel_order, None, conv, identity).numpy()
    assert first.tobytes() == second.tobytes()


# One shape for each way of computing: matrix, depthwise, pairs, direct.
@pytest.mark.parametrize(
    ("x", "weight", "groups"),
    [((3, 5, 5, 8), (4, 1, 1, 8), 1), ((3, 5, 5, 8), (8, 3, 3, 1), 8), ((9, 20, 20, 1), (1, 3, 3, 1), 1),
     ((9, 9, 9, 4), (24, 3, 3, 4), 1)],
)  # fmt: skip
def test_outputs_that_are_not_asked_for(x, weight, groups):
    conv = _core.Conv2d(groups=groups)
    dy = tensor(normal(*_core.conv2d_shape(x, weight, conv)).astype(np.float32))
    x, weight = tensor(normal(*x).astype(np.float32)), tensor(normal(*weight).astype(np.float32))
    bias = (weight.shape[0],)

    def backward(dweight, dbias, need_dx):
        return _core.conv2d_backward(dy, x, weight, None, conv, identity, dweight, dbias, need_dx)

    dweight, dbias = kernel_order(weight.shape, "float32"), empty(bias, "float32")
    every = results(dx=backward(dweight, dbias, True), dweight=dweight, dbias=dbias)
    only = kernel_order(weight.shape, "float32")
    assert backward(only, None, False) is None
    assert same_bits({"dweight": every["dweight"]}, results(dweight=only)) == []
    only = empty(bias, "float32")
    assert backward(None, only, False) is None
    assert same_bits({"dbias": every["dbias"]}, results(dbias=only)) == []
    assert same_bits({"dx": every["dx"]}, results(dx=backward(None, None, True))) == []


@pytest.mark.parametrize(("images", "filters"), [(1, 3), (40, 20)])
def test_flag_of_a_gradient_that_is_not_finite(images, filters):
    x, weight, dy = normal(images, 8, 8, 4), normal(filters, 3, 3, 4), normal(images, 6, 6, filters)
    dweight, dbias = kernel_order(weight.shape, "float64"), empty((filters,), "float64")

    def backward():
        conv = _core.Conv2d()
        _core.conv2d_backward(
            tensor(dy), tensor(x), tensor(weight), None, conv, identity, dweight, dbias, False
        )

    backward()
    assert not _core.take_nonfinite(dweight) and not _core.take_nonfinite(dbias)
    dy[-1, 2, 3, -1] = np.inf
    backward()
    assert _core.take_nonfinite(dweight) and _core.take_nonfinite(dbias)
    assert not _core.take_nonfinite(dweight)


@cpu_only
def test_every_kernel_is_reached():
    for instructions in _core.supported_isas():
        with isa(instructions):
            _core.trace_kernels(True)
            try:
                op = TestConv2d()
                for case in op.cases:
                    for dtype in ("float32", "float64"):
                        op.run(case, {name: array.astype(dtype) for name, array in case.arrays.items()})
                reached = set(_core.kernels_reached())
            finally:
                _core.trace_kernels(False)
        ours = {name for name in _core.kernel_names() if name.startswith(("conv2d.", "gemm."))}
        ours -= {"conv2d.finish float32", "conv2d.finish float64"}  # of conv2d_transpose
        ours -= {"gemm.copying float32", "gemm.copying float64"}  # of dense
        assert ours - reached == set(), instructions


def test_errors():
    x, weight, bias = (tensor(np.zeros(shape, np.float32)) for shape in [(2, 6, 6, 4), (8, 3, 3, 4), (8,)])
    forward, backward, plain = _core.conv2d_forward, _core.conv2d_backward, _core.Conv2d()

    def shape(x, weight, **settings):
        return lambda: _core.conv2d_shape(x, weight, _core.Conv2d(**settings))

    rejects(
        ValueError,
        r"\[conv2d\] a 5x5 kernel \(dilation 1x1\) does not fit 4x4x16 \(padding 0, 0, 0, 0\); "
        r"got x=\(1, 4, 4, 16\)",
        shape((1, 4, 4, 16), (8, 5, 5, 16)),
    )
    rejects(
        ValueError,
        r"a 3x3 kernel \(dilation 2x1\) does not fit 4x4x1",
        shape((1, 4, 4, 1), (8, 3, 3, 1), dilation=(2, 1)),
    )
    rejects(ValueError, "does not fit 0x4x1", shape((1, 0, 4, 1), (8, 1, 1, 1)))
    rejects(ValueError, r"x is \(N, H, W, C\); got x=\(4, 4, 1\)", shape((4, 4, 1), (8, 3, 3, 1)))
    rejects(
        ValueError,
        r"weight is \(filters, kh, kw, channels / groups\); got weight=\(8, 3\)",
        shape((1, 4, 4, 1), (8, 3)),
    )
    rejects(
        ValueError, r"no size of weight is 0; got weight=\(0, 3, 3, 1\)", shape((1, 4, 4, 1), (0, 3, 3, 1))
    )
    rejects(
        ValueError,
        r"weight sees channels / groups channels; got x=\(1, 4, 4, 6\), weight=\(8, 3, 3, 6\), groups=2",
        shape((1, 4, 4, 6), (8, 3, 3, 6), groups=2),
    )
    rejects(ValueError, "the filters are a multiple of groups", shape((1, 4, 4, 6), (7, 3, 3, 3), groups=2))
    rejects(ValueError, "groups is 1 or more; got groups=0", lambda: _core.Conv2d(groups=0))
    rejects(ValueError, "stride is 1 or more; got stride=0", lambda: _core.Conv2d(stride=(1, 0)))
    rejects(ValueError, "stride is at most 1048576; got stride=1048577", lambda: _core.Conv2d((1, 2**20 + 1)))
    rejects(ValueError, "dilation is 1 or more; got dilation=-1", lambda: _core.Conv2d(dilation=(-1, 1)))
    rejects(ValueError, "padding is 0 or more; got padding=-1", lambda: _core.Conv2d(padding=(0, 0, -1, 0)))

    rejects(
        TypeError,
        "x is float32 or float64; got x=uint8 ",
        lambda: forward(tensor(np.zeros((1, 4, 4, 4), np.uint8)), weight, bias, plain, identity),
    )
    rejects(
        TypeError,
        "x and weight have one element type",
        lambda: forward(x, tensor(np.zeros((8, 3, 3, 4))), bias, plain, identity),
    )
    rejects(
        TypeError,
        "x and bias have one element type",
        lambda: forward(x, weight, tensor(np.zeros(8)), plain, identity),
    )
    rejects(
        ValueError,
        r"bias is \(8,\); got bias=\(4,\)",
        lambda: forward(x, weight, tensor(np.zeros(4, np.float32)), plain, identity),
    )

    dy = tensor(np.zeros((2, 4, 4, 8), np.float32))
    rejects(
        ValueError,
        r"dy has the shape of y, \(2, 4, 4, 8\); got dy=\(2, 6, 6, 4\)",
        lambda: backward(x, x, weight, None, plain, identity, None, None, True),
    )
    rejects(
        ValueError,
        "backward through tanh needs y; got y=None",
        lambda: backward(dy, x, weight, None, plain, _core.Activation("tanh"), None, None, True),
    )
    rejects(
        ValueError,
        r"dweight lies in memory as \(kh, kw, channels / groups, filters\); got strides=\(36, 12, 4, 1\)",
        lambda: backward(dy, x, weight, None, plain, identity, empty((8, 3, 3, 4), "float32"), None, False),
    )
    rejects(
        ValueError,
        r"dweight is \(8, 3, 3, 4\); got dweight=\(8, 3, 3, 3\)",
        lambda: backward(dy, x, weight, None, plain, identity, empty((8, 3, 3, 3), "float32"), None, False),
    )
    rejects(
        ValueError,
        r"dbias is \(8,\); got dbias=\(3,\)",
        lambda: backward(dy, x, weight, None, plain, identity, None, empty((3,), "float32"), False),
    )


def test_errors_of_what_is_added():
    x, weight, dy = (
        tensor(np.zeros(shape, np.float32)) for shape in [(2, 6, 6, 4), (8, 3, 3, 4), (2, 4, 4, 8)]
    )
    plain, softmax = _core.Conv2d(), _core.Activation("softmax")

    def forward(added, kernel=identity):
        return _core.conv2d_forward(x, weight, None, plain, kernel, added)

    def backward(added):
        return _core.conv2d_backward(dy, x, weight, None, plain, identity, None, None, True, added)

    rejects(ValueError, r"added has the shape of the result, \(2, 4, 4, 8\); got added=", lambda: forward(x))
    rejects(
        ValueError, r"added has the shape of the result, \(2, 6, 6, 4\); got added=", lambda: backward(dy)
    )
    rejects(TypeError, "x and added have one element type", lambda: forward(dy.astype("float64")))
    rejects(ValueError, "elementwise; got softmax", lambda: forward(dy, softmax))


@cpu_only
def test_groups_of_a_large_image_are_taken_together():
    """Of 26 MB: the same as each group by itself, and what is not finite stays in its group."""
    x, weight = np.float32(normal(1, 830, 790, 10)), np.float32(normal(4, 1, 1, 5, seed=2))
    bias = np.float32(normal(4, seed=3))

    def forward(x, weight, bias, groups):
        conv = _core.Conv2d((2, 2), (0, 0, 0, 0), (1, 1), groups)
        return _core.conv2d_forward(
            tensor(x), tensor(weight), tensor(bias), conv, _core.Activation("relu")
        ).numpy()

    for value in (1.0, np.nan, np.inf):
        x[0, 400, 10, 7] = value  # seen by the second group
        y = forward(x, weight, bias, 2)
        parts = [
            forward(x[..., 5 * g : 5 * g + 5].copy(), weight[2 * g : 2 * g + 2], bias[2 * g : 2 * g + 2], 1)
            for g in range(2)
        ]
        assert np.allclose(y, np.concatenate(parts, -1), rtol=1e-5, atol=1e-5, equal_nan=True)
        assert np.isfinite(y[..., :2]).all()


@cpu_only
def test_read_only_memory_is_not_written():
    x, weight, dy = (
        tensor(np.zeros(shape, np.float32)) for shape in [(2, 6, 6, 4), (8, 3, 3, 4), (2, 4, 4, 8)]
    )
    fixed = np.zeros(8, np.float32)
    fixed.flags.writeable = False
    rejects(
        ValueError,
        "dbias is written, but its memory is read-only",
        lambda: _core.conv2d_backward(
            dy, x, weight, None, _core.Conv2d(), identity, None, tensor(fixed), False
        ),
    )


@cpu_only
@pytest.mark.parametrize("stride", [(2, 2), (1, 2)])
@pytest.mark.parametrize("choice", ["auto", "winograd"])
def test_with_a_stride_every_choice_gives_the_same_gradients(choice, stride):
    """Of a size for which, without a stride, tiles would win."""
    case = sized((2, 16, 16, 32), (64, 3, 3, 32), stride=stride, padding=(1, 1, 1, 1))
    arrays = cast(case.arrays, "float32")
    with convolution("direct"):
        wanted = TestConv2d().run(case, arrays)
    with convolution(choice):
        found = TestConv2d().run(case, arrays)
    assert {name: error(found[name], wanted[name]) for name in wanted} == dict.fromkeys(wanted, 0.0)
