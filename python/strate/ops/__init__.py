"""The ops, forward and backward, on tensors or numpy arrays: what the layers are made of.

A backward op returns every gradient that it computes. The two operands of an op share one dtype,
float32 or float64. Results are tensors; `numpy()` shows them without a copy.
"""

from __future__ import annotations

from strate.ops.activation import activation_backward, activation_forward
from strate.ops.adaptive import adaptive
from strate.ops.augment import augment
from strate.ops.average_pool2d import average_pool2d_backward, average_pool2d_forward
from strate.ops.batch_norm import (
    batch_norm_backward,
    batch_norm_fold,
    batch_norm_forward,
    batch_norm_inference,
)
from strate.ops.combine import combine_backward, combine_forward
from strate.ops.concat import concat_backward, concat_forward
from strate.ops.conv2d import conv2d_backward, conv2d_forward
from strate.ops.conv2d_transpose import conv2d_transpose_backward, conv2d_transpose_forward
from strate.ops.cross_entropy import cross_entropy
from strate.ops.dense import dense_backward, dense_forward
from strate.ops.dropout import dropout_backward, dropout_forward
from strate.ops.embedding import embedding_backward, embedding_forward
from strate.ops.finite import all_finite, take_nonfinite
from strate.ops.gather import gather
from strate.ops.global_average_pool2d import global_average_pool2d_backward, global_average_pool2d_forward
from strate.ops.gradient_norm import gradient_norm
from strate.ops.layer_norm import layer_norm_backward, layer_norm_forward
from strate.ops.local_response_norm import local_response_norm_backward, local_response_norm_forward
from strate.ops.mask import mask
from strate.ops.max_pool2d import max_pool2d_backward, max_pool2d_forward
from strate.ops.metrics import count_correct
from strate.ops.normalize import normalize_backward, normalize_forward
from strate.ops.pointwise_loss import binary_cross_entropy, hinge, huber
from strate.ops.rbf import rbf_backward, rbf_forward
from strate.ops.recurrent import recurrent_backward, recurrent_forward
from strate.ops.sgd import sgd
from strate.ops.squared_error import squared_error
from strate.ops.sub_sample2d import sub_sample2d_backward, sub_sample2d_forward
from strate.ops.up_sample2d import up_sample2d_backward, up_sample2d_forward

__all__ = [
    "activation_backward",
    "activation_forward",
    "adaptive",
    "all_finite",
    "augment",
    "average_pool2d_backward",
    "average_pool2d_forward",
    "batch_norm_backward",
    "batch_norm_fold",
    "batch_norm_forward",
    "batch_norm_inference",
    "binary_cross_entropy",
    "combine_backward",
    "combine_forward",
    "concat_backward",
    "concat_forward",
    "conv2d_backward",
    "conv2d_forward",
    "conv2d_transpose_backward",
    "conv2d_transpose_forward",
    "count_correct",
    "cross_entropy",
    "dense_backward",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "embedding_backward",
    "embedding_forward",
    "gather",
    "global_average_pool2d_backward",
    "global_average_pool2d_forward",
    "gradient_norm",
    "hinge",
    "huber",
    "layer_norm_backward",
    "layer_norm_forward",
    "local_response_norm_backward",
    "local_response_norm_forward",
    "mask",
    "max_pool2d_backward",
    "max_pool2d_forward",
    "normalize_backward",
    "normalize_forward",
    "rbf_backward",
    "rbf_forward",
    "recurrent_backward",
    "recurrent_forward",
    "sgd",
    "squared_error",
    "sub_sample2d_backward",
    "sub_sample2d_forward",
    "take_nonfinite",
    "up_sample2d_backward",
    "up_sample2d_forward",
]
