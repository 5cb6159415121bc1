"""Layers, one file each."""

from __future__ import annotations

from strate.layers.activation import Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from strate.layers.average_pool2d import AveragePool2D
from strate.layers.conv2d import Conv2D
from strate.layers.dense import Dense
from strate.layers.dropout import Dropout
from strate.layers.flatten import Flatten
from strate.layers.layer import Layer
from strate.layers.max_pool2d import MaxPool2D
from strate.layers.reshape import Reshape

__all__ = [
    "Activation",
    "AveragePool2D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "ReLU",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
