"""Layers, one file each."""

from __future__ import annotations

from strate.layers.activation import Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from strate.layers.auxiliary import Auxiliary
from strate.layers.average_pool2d import AveragePool2D
from strate.layers.batch_norm import BatchNorm
from strate.layers.container import Container
from strate.layers.conv2d import Conv2D
from strate.layers.conv2d_transpose import Conv2DTranspose
from strate.layers.dense import Dense
from strate.layers.digit_codes import digit_codes
from strate.layers.dropout import Dropout
from strate.layers.embedding import Embedding
from strate.layers.flatten import Flatten
from strate.layers.global_average_pool2d import GlobalAveragePool2D
from strate.layers.gru import GRU
from strate.layers.identity import Identity
from strate.layers.layer import Layer
from strate.layers.layer_norm import LayerNorm
from strate.layers.local_response_norm import LocalResponseNorm
from strate.layers.lstm import LSTM
from strate.layers.max_pool2d import MaxPool2D
from strate.layers.normalize import Normalize
from strate.layers.parallel import Parallel
from strate.layers.rbf import RBF
from strate.layers.rescaling import Rescaling
from strate.layers.reshape import Reshape
from strate.layers.residual import Residual
from strate.layers.reverse import Reverse
from strate.layers.rnn import RNN
from strate.layers.slice import Slice
from strate.layers.sub_sample2d import SubSample2D
from strate.layers.up_sample2d import UpSample2D
from strate.layers.zero_pad_shortcut import ZeroPadShortcut

__all__ = [
    "GRU",
    "LSTM",
    "RBF",
    "RNN",
    "Activation",
    "Auxiliary",
    "AveragePool2D",
    "BatchNorm",
    "Container",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePool2D",
    "Identity",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "LocalResponseNorm",
    "MaxPool2D",
    "Normalize",
    "Parallel",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Residual",
    "Reverse",
    "Sigmoid",
    "Slice",
    "Softmax",
    "SubSample2D",
    "Tanh",
    "UpSample2D",
    "ZeroPadShortcut",
    "digit_codes",
]
