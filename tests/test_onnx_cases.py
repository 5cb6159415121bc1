"""ONNX's own node cases for the ops that exist, made in memory; ONNX is channels first, so axes move."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from harness import tensor
from strate import _core

onnx = pytest.importorskip("onnx")

real = "ops work on float32 and float64"
volumes = "images have two axes; these are volumes"
cubic = "images are enlarged by repeating or bilinearly"
fraction = "images are enlarged by whole factors"
corners = "values stand at the centres of pixels, and the nearest one counts"
one_axis = "a layer norm is over the last axis"
scaled = "a dense layer adds a bias for each unit, and scales nothing"
reset_before = "the reset gate works on the product with the state, ONNX's linear_before_reset"
backwards = "a state is carried from the first step to the last"
peepholes = "the gates do not see the cell"

# Cases that strate does not run. One that it could run may not stand here, and no other may be left out.
left_out = {
    "test_maxpool_2d_uint8": real,
    "test_maxpool_3d_default": volumes,
    "test_maxpool_3d_dilations": volumes,
    "test_maxpool_3d_dilations_use_ref_impl": volumes,
    "test_maxpool_3d_dilations_use_ref_impl_large": volumes,
    "test_averagepool_3d_default": volumes,
    "test_averagepool_3d_dilations_small": volumes,
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True": volumes,
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False": volumes,
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True": volumes,
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False": volumes,
    "test_convtranspose_3d": volumes,
    **dict.fromkeys(
        (
            *(f"test_resize_{way}sample_scales_cubic" for way in ("up", "down")),
            *(f"test_resize_{way}sample_sizes_cubic" for way in ("up", "down")),
            *(f"test_resize_{way}sample_scales_cubic_align_corners" for way in ("up", "down")),
            *(f"test_resize_{way}sample_scales_cubic_A_n0p5_exclude_outside" for way in ("up", "down")),
            *(f"test_resize_downsample_{what}_cubic_antialias" for what in ("scales", "sizes")),
            "test_resize_upsample_scales_cubic_asymmetric",
        ),
        cubic,
    ),
    **dict.fromkeys(
        (
            *(f"test_resize_downsample_{what}_nearest" for what in ("scales", "sizes")),
            *(f"test_resize_downsample_sizes_nearest_not_{what}" for what in ("larger", "smaller")),
            *(f"test_resize_upsample_sizes_nearest_not_{what}" for what in ("larger", "smaller")),
            *(f"test_resize_upsample_sizes_nearest{axes}" for axes in ("", "_axes_2_3", "_axes_3_2")),
            *(f"test_resize_downsample_scales_linear{end}" for end in ("", "_antialias")),
            "test_resize_downsample_sizes_linear_antialias",
        ),
        fraction,
    ),
    **dict.fromkeys(
        (
            *(f"test_resize_{way}sample_scales_linear_align_corners" for way in ("up", "down")),
            *(f"test_resize_tf_crop_and_resize{end}" for end in ("", "_axes_2_3", "_axes_3_2")),
            "test_resize_tf_crop_and_resize_extrapolation_value",
            "test_resize_downsample_sizes_linear_pytorch_half_pixel",
            *(f"test_resize_{way}sample_scales_linear_half_pixel_symmetric" for way in ("up", "down")),
            "test_resize_upsample_sizes_nearest_floor_align_corners",
            "test_resize_upsample_sizes_nearest_round_prefer_ceil_asymmetric",
            "test_resize_upsample_sizes_nearest_ceil_half_pixel",
        ),
        corners,
    ),
    "test_gemm_all_attributes": scaled,
    "test_gemm_alpha": scaled,
    "test_gemm_beta": scaled,
    "test_gemm_default_matrix_bias": scaled,
    "test_gru_batchwise": reset_before,
    "test_gru_bidirectional": reset_before,
    "test_gru_defaults": reset_before,
    "test_gru_reverse": reset_before,
    "test_gru_seq_length": reset_before,
    "test_gru_with_initial_bias": reset_before,
    "test_lstm_bidirectional": backwards,
    "test_lstm_reverse": backwards,
    "test_lstm_with_peepholes": peepholes,
    "test_simple_rnn_bidirectional": backwards,
    "test_simple_rnn_reverse": backwards,
}


left_out |= dict.fromkeys(
    (
        f"test_layer_normalization_{rank}_axis{axis}{rest}"
        for rank, axes in (("2d", 1), ("3d", 2), ("4d", 3))
        for axis in (*range(axes), *(f"_negative_{i}" for i in range(2, axes + 2)))
        for rest in ("", "_epsilon")
    ),
    one_axis,
)


identity = _core.Activation("identity")


class UnsupportedError(Exception):
    """This case needs something that strate does not do."""


def image(x):
    """(N, C, W) or (N, C, H, W) as (N, H, W, C)."""
    if x.ndim > 4:
        raise UnsupportedError(volumes)
    if x.dtype not in (np.float32, np.float64):
        raise UnsupportedError(real)
    return np.moveaxis(x.reshape(*x.shape[:2], 1, -1) if x.ndim == 3 else x, 1, -1)


def channels_first(y, like):
    y = np.moveaxis(y, -1, 1)
    return y[:, :, 0] if like.ndim == 3 else y


def pair(values, default):
    values = list(values) if values is not None else [default, default]
    return tuple([1] * (2 - len(values)) + values)


def window_of(x, attributes, kernel):
    """Window, stride, padding (top, bottom, left, right) and dilation of a node that slides over images."""
    kernel = pair(kernel, 1)
    stride, dilation = pair(attributes.get("strides"), 1), pair(attributes.get("dilations"), 1)
    mode = attributes.get("auto_pad", b"NOTSET").decode()
    pads = attributes.get("pads", [0, 0, 0, 0])
    pads = [0, pads[0], 0, pads[1]] if len(pads) == 2 else pads
    padding = (pads[0], pads[2], pads[1], pads[3])
    if mode.startswith("SAME"):
        sides = []
        for size, k, s, d in zip(x.shape[1:3], kernel, stride, dilation, strict=True):
            total = max((math.ceil(size / s) - 1) * s + d * (k - 1) + 1 - size, 0)
            small, large = total // 2, total - total // 2
            sides += [small, large] if mode == "SAME_UPPER" else [large, small]
        padding = tuple(sides)
    return kernel, stride, padding, dilation


def pool_of(x, attributes):
    kernel, stride, padding, dilation = window_of(x, attributes, attributes["kernel_shape"])
    ceil, count = bool(attributes.get("ceil_mode", 0)), bool(attributes.get("count_include_pad", 0))
    return _core.Pool2d(kernel, stride, padding, dilation, ceil, count)


def flat_places(argmax, shape, pool, column_major):
    """Our places in windows as ONNX's indices into the whole tensor, channels first."""
    n, i, j, c = np.indices(argmax.shape)
    row = i * pool.stride[0] - pool.padding[0] + argmax // pool.window[1] * pool.dilation[0]
    column = j * pool.stride[1] - pool.padding[2] + argmax % pool.window[1] * pool.dilation[1]
    height, width, channels = shape[1:]
    inner = row + column * height if column_major else row * width + column
    return (n * channels + c) * height * width + inner


def max_pool(attributes, x):
    images = image(x)
    pool = pool_of(images, attributes)
    y, argmax = _core.max_pool2d_forward(tensor(images), pool, True)
    places = np.asarray(argmax).astype(np.int64)
    places = flat_places(places, images.shape, pool, attributes.get("storage_order", 0) == 1)
    return channels_first(np.asarray(y), x), channels_first(places, x)


def average_pool(attributes, x):
    images = image(x)
    return (
        channels_first(
            np.asarray(_core.average_pool2d_forward(tensor(images), pool_of(images, attributes))), x
        ),
    )


def whole_image(pooling):
    return lambda attributes, x: pooling({"kernel_shape": x.shape[2:]}, x)[:1]


def conv(attributes, x, weight, bias=None):
    images = image(x)
    kernel, stride, padding, dilation = window_of(images, attributes, weight.shape[2:])
    settings = _core.Conv2d(stride, padding, dilation, attributes.get("group", 1))
    filters = np.moveaxis(weight.reshape(*weight.shape[:2], *kernel), 1, -1)
    b = None if bias is None else tensor(bias)
    y = _core.conv2d_forward(tensor(images), tensor(filters), b, settings, _core.Activation("identity"))
    return (channels_first(np.asarray(y), x),)


def conv_transpose(attributes, x, weight, bias=None):
    images = image(x)
    kernel, stride, padding, dilation = window_of(images, attributes, weight.shape[2:])
    extra = pair(attributes.get("output_padding"), 0)
    same = attributes.get("auto_pad", b"NOTSET").decode().startswith("SAME")
    if same or "output_shape" in attributes:
        wanted = [n * s for n, s in zip(images.shape[1:3], stride, strict=True)]
        wanted = wanted if same else attributes["output_shape"]
        whole = [
            (n - 1) * s + d * (k - 1) + 1 + e - w
            for n, s, d, k, e, w in zip(
                images.shape[1:3], stride, dilation, kernel, extra, wanted, strict=True
            )
        ]
        extra = tuple(e + max(0, -total) for e, total in zip(extra, whole, strict=True))
        padding = tuple(side for t in whole for side in (max(0, t) // 2, max(0, t) - max(0, t) // 2))
    settings = _core.Conv2d(stride, padding, dilation, attributes.get("group", 1))
    kernels = np.moveaxis(weight.reshape(*weight.shape[:2], *kernel), 1, -1)
    b = None if bias is None else tensor(bias)
    y = _core.conv2d_transpose_forward(
        tensor(images), tensor(kernels), b, settings, extra, _core.Activation("identity")
    )
    return (channels_first(np.asarray(y), x),)


def resize(attributes, x, *rest):
    mode = attributes["mode"].decode()
    places = attributes.get("coordinate_transformation_mode", b"half_pixel")
    if mode == "cubic":
        raise UnsupportedError(cubic)
    rounding = attributes.get("nearest_mode", b"round_prefer_floor")
    if places != b"half_pixel" or rounding != b"round_prefer_floor":
        raise UnsupportedError(corners)
    sizes = rest[-1]
    factors = np.ones(x.ndim)
    for axis, size in zip(attributes.get("axes", range(x.ndim)), sizes, strict=True):
        factors[axis] = size / x.shape[axis] if sizes.dtype == np.int64 else size
    if (factors != factors.round()).any() or attributes.get("keep_aspect_ratio_policy"):
        raise UnsupportedError(fraction)
    kind = {"nearest": "nearest", "linear": "bilinear"}[mode]
    factor = (int(factors[2]), int(factors[3]))
    return (channels_first(np.asarray(_core.up_sample2d_forward(tensor(image(x)), factor, kind)), x),)


def gemm(attributes, a, b, c=None):
    if attributes.get("alpha", 1.0) != 1 or attributes.get("beta", 1.0) != 1:
        raise UnsupportedError(scaled)
    x = a.T if attributes.get("transA", 0) else a
    weight = b if attributes.get("transB", 0) else b.T
    if c is not None:
        if c.size not in (1, len(weight)) or (c.ndim == 2 and c.shape[0] != 1):
            raise UnsupportedError(scaled)
        c = np.broadcast_to(c.reshape(-1), (len(weight),)).copy()
    bias = None if c is None else tensor(c)
    return (np.asarray(_core.dense_forward(tensor(x), tensor(weight), bias, _core.Activation("identity"))),)


def batch_norm(attributes, x, scale, bias, mean, variance):
    """The running variance is the batch's divided by n, where strate's is divided by n - 1."""
    training, epsilon = bool(attributes.get("training_mode", 0)), attributes.get("epsilon", 1e-5)
    momentum, rows = attributes.get("momentum", 0.9), np.moveaxis(x, 1, -1)
    before, moved = variance, (tensor(mean.copy()), tensor(variance.copy()))
    y, _ = _core.batch_norm_forward(
        tensor(rows), tensor(scale), tensor(bias), *moved, momentum, epsilon, training, identity
    )
    y = np.moveaxis(np.asarray(y), -1, 1)
    if not training:
        return (y,)
    n = rows.size // rows.shape[-1]
    mean, variance = map(np.asarray, moved)
    return y, mean, momentum * before + (variance - momentum * before) * (n - 1) / n


def layer_norm(attributes, x, scale, bias=None):
    if attributes.get("axis", -1) not in (-1, x.ndim - 1):
        raise UnsupportedError(one_axis)
    bias = None if bias is None else tensor(bias)
    y, statistics = _core.layer_norm_forward(tensor(x), tensor(scale), bias, attributes.get("epsilon", 1e-5))
    mean, inverse = np.moveaxis(np.asarray(statistics), -1, 0).reshape(2, *x.shape[:-1], 1)
    return np.asarray(y), mean, inverse


def local_response_norm(attributes, x):
    """ONNX divides alpha by the size."""
    size, alpha = attributes["size"], attributes.get("alpha", 1e-4)
    settings = size, attributes.get("bias", 1.0), alpha / size, attributes.get("beta", 0.75)
    y = _core.local_response_norm_forward(tensor(np.moveaxis(x, 1, -1)), *settings)
    return (np.moveaxis(np.asarray(y), -1, 1),)


def global_average_pool(attributes, x):
    y = np.asarray(_core.global_average_pool2d_forward(tensor(image(x))))
    return (y.reshape(*y.shape, *[1] * (x.ndim - 2)),)


def activation(kind):
    def run(attributes, x):
        if x.dtype not in (np.float32, np.float64):
            raise UnsupportedError(real)
        settings = _core.Activation(kind, attributes.get("alpha", 0.01))
        return (np.asarray(_core.activation_forward(tensor(x), settings)),)

    return run


def softmax(attributes, x):
    axis = attributes.get("axis", -1)
    rows = np.moveaxis(x, axis, -1)
    return (
        np.moveaxis(
            np.asarray(_core.activation_forward(tensor(rows), _core.Activation("softmax"))), -1, axis
        ),
    )


def cross_entropy(attributes, y, labels, weight, from_logits):
    w = None if weight is None else tensor(weight)
    settings = {"ignore_index": attributes.get("ignore_index"), "from_logits": from_logits}
    reduction = attributes.get("reduction", b"mean").decode()
    if reduction != "none":
        loss, _ = _core.cross_entropy(tensor(y), tensor(labels), w, reduction=reduction, **settings)
        return np.asarray(loss).astype(y.dtype)
    rows = zip(y.reshape(-1, y.shape[-1]), labels.reshape(-1), strict=True)
    each = [
        float(_core.cross_entropy(tensor(r), tensor(np.array(t)), w, reduction="sum", **settings)[0])
        for r, t in rows
    ]
    return np.array(each, y.dtype).reshape(labels.shape)


def softmax_cross_entropy(attributes, x, labels, weight=None):
    logits = np.moveaxis(x, 1, -1)
    y = _core.activation_forward(tensor(logits), _core.Activation("softmax"))
    log_y = np.moveaxis(np.asarray(_core.elementary(y, "log")), -1, 1)
    return cross_entropy(attributes, logits, labels, weight, True), log_y


def negative_log_likelihood(attributes, x, labels, weight=None):
    probabilities = np.asarray(_core.elementary(tensor(np.moveaxis(x, 1, -1)), "exp"))
    return (cross_entropy(attributes, probabilities, labels, weight, False),)


def momentum(attributes, rate, count, *tensors):
    """All the tensors of the node as segments of one theta."""
    if count > 0 and attributes["beta"] != 1:
        raise UnsupportedError("a gradient counts fully in every step")
    parts = np.split(np.arange(len(tensors)), 3)
    theta, gradient, velocity = (np.concatenate([tensors[i].ravel() for i in p]) for p in parts)
    sizes = [tensors[i].size for i in parts[0]]
    ends = np.cumsum(sizes)
    segments = np.stack([ends - sizes, ends, np.ones_like(ends)], axis=1)
    hyper = np.array([rate, attributes["alpha"], attributes["norm_coefficient"], 1, np.inf], np.float64)
    nesterov = attributes["mode"] == b"nesterov"
    _core.sgd(tensor(theta), tensor(gradient), tensor(velocity), tensor(hyper), tensor(segments), nesterov)
    return tuple(
        flat[b:e].reshape(tensors[i].shape)
        for flat in (theta, velocity)
        for i, (b, e, _) in zip(parts[0], segments, strict=True)
    )


def recurrent(cell, order):
    """`order`: which of ONNX's gates ours are."""

    def gates(rows, units):
        return np.concatenate([rows[i * units : (i + 1) * units] for i in order])

    def run(attributes, x, w, r, b=None, lengths=None, hidden=None, memory=None, peephole=None):
        if cell == "gru" and not attributes.get("linear_before_reset", 0):
            raise UnsupportedError(reset_before)
        if attributes.get("direction", b"forward") != b"forward":
            raise UnsupportedError(backwards)
        if peephole is not None:
            raise UnsupportedError(peepholes)
        units, batchwise = attributes["hidden_size"], attributes.get("layout", 0) == 1
        x = x if batchwise else x.swapaxes(0, 1)
        mask = None if lengths is None else tensor(np.arange(x.shape[1]) < lengths[:, None])
        b = np.zeros(2 * len(w[0]), x.dtype) if b is None else b[0]
        bias, other = gates(b[: len(b) // 2], units), gates(b[len(b) // 2 :], units)
        pair = (bias, other) if cell == "gru" else (bias + other, None)
        first = (None if s is None else tensor(s.reshape(-1, units)) for s in (hidden, memory))
        y, (_, _, _, cells) = _core.recurrent_forward(
            cell, tensor(x), tensor(gates(w[0], units)), tensor(gates(r[0], units)),
            *(None if t is None else tensor(t) for t in pair), mask, *first, True,
        )  # fmt: skip
        y = np.asarray(y)
        ends = [y[:, -1], *([np.asarray(cells)[-1]] if cell == "lstm" else [])]
        if batchwise:
            return y[:, :, None], *(end[:, None] for end in ends)
        return y.swapaxes(0, 1)[:, None], *(end[None] for end in ends)

    return run


ops = {
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "GRU": recurrent("gru", (1, 0, 2)),
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": whole_image(max_pool),
    "LSTM": recurrent("lstm", (0, 2, 3, 1)),
    "LRN": local_response_norm,
    "LayerNormalization": layer_norm,
    "LeakyRelu": activation("leaky_relu"),
    "MaxPool": max_pool,
    "Momentum": momentum,
    "NegativeLogLikelihoodLoss": negative_log_likelihood,
    "RNN": recurrent("rnn_tanh", (0,)),
    "Relu": activation("relu"),
    "Resize": resize,
    "Sigmoid": activation("sigmoid"),
    "Softmax": softmax,
    "SoftmaxCrossEntropyLoss": softmax_cross_entropy,
    "Tanh": activation("tanh"),
    "Upsample": resize,
}


@pytest.fixture(scope="module")
def cases():
    """Name -> case, for models that are one node of an op that exists."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        loaded = [c for c in load_model_tests(kind="node") if c.model is not None and c.data_sets]
    single = [c for c in loaded if len(c.model.graph.node) == 1]
    return {c.name: c for c in single if c.model.graph.node[0].op_type in ops}


def run(case):
    node = case.model.graph.node[0]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    for inputs, _ in case.data_sets:
        given = iter(inputs)
        results = ops[node.op_type](attributes, *(next(given) if name else None for name in node.input))
        yield [result for result, name in zip(results, node.output, strict=False) if name]


def test_every_case(cases):
    assert len(cases) > 100
    unsupported = []
    for name, case in cases.items():
        try:
            found = list(run(case))
        except UnsupportedError:
            unsupported.append(name)
            continue
        for outputs, (_, wanted) in zip(found, case.data_sets, strict=True):
            assert len(outputs) >= len(wanted), name
            for got, want in zip(outputs, wanted, strict=False):
                assert got.shape == want.shape, name
                np.testing.assert_allclose(got, want, rtol=case.rtol, atol=1e-6, err_msg=name)
    # Versions of onnx differ in the cases that they have.
    assert sorted(unsupported) == sorted(left_out.keys() & cases.keys())


def test_every_op_has_cases(cases):
    assert {c.model.graph.node[0].op_type for c in cases.values()} == set(ops)
