"""strate: deep learning with layers that are forward and backward, on an engine in C++.

import strate as st

(x_train, y_train), (x_test, y_test) = st.data.digits()
model = st.Sequential([st.Flatten(), st.Dense(64, activation="relu"), st.Dense(10, activation="softmax")])
model.fit(x_train, y_train, loss="cross_entropy", optimizer=st.SGD(0.1, momentum=0.9), epochs=10)
model.evaluate(x_test, y_test).accuracy
"""

from __future__ import annotations

from importlib import import_module

from strate import cuda, initializers, layers, losses, metrics, ops, optim, random, schedules
from strate.callbacks import Callback, Checkpoint, EarlyStopping, LambdaCallback
from strate.history import History, Scores
from strate.info import (
    convolution,
    info,
    isa,
    memory,
    num_threads,
    release_memory,
    set_convolution,
    set_num_threads,
    supported_isas,
)
from strate.initializers import Initializer
from strate.layers import (
    GRU,
    LSTM,
    RBF,
    RNN,
    Activation,
    Auxiliary,
    AveragePool2D,
    BatchNorm,
    Container,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    Identity,
    Layer,
    LayerNorm,
    LeakyReLU,
    LocalResponseNorm,
    MaxPool2D,
    Normalize,
    Parallel,
    ReLU,
    Rescaling,
    Reshape,
    Residual,
    Reverse,
    Sigmoid,
    Slice,
    Softmax,
    SubSample2D,
    Tanh,
    UpSample2D,
    ZeroPadShortcut,
)
from strate.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    Loss,
    MaximumAPosteriori,
    SquaredError,
)
from strate.metrics import Accuracy, BinaryAccuracy, Metric
from strate.model import Model
from strate.nonfinite import NonFiniteError
from strate.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp
from strate.schedules import Schedule
from strate.sequential import Sequential
from strate.tensor import Tensor, empty, from_dlpack, from_numpy, full, ones, tensor, zeros
from strate.version import __version__

# Imported when first used, so that `import strate` stays as quick as `import numpy`.
LATER = {
    "data": "strate.data",
    "functions": "strate.functions",
    "io": "strate.io",
    "plot": "strate.plot",
    "zoo": "strate.zoo",
}
DESCENT = (
    "Armijo",
    "Descent",
    "Divergence",
    "FixedStep",
    "GradientNorm",
    "IterateChange",
    "MaxIterations",
    "ObjectiveChange",
    "StepRule",
    "StoppingTest",
    "StrongWolfe",
    "minimize",
    "objective",
)
LATER_FROM = {
    "Ensemble": "strate.ensemble",
    "load": "strate.saving",
    **dict.fromkeys(DESCENT, "strate.descent"),
}

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "RBF",
    "SGD",
    "Accuracy",
    "Activation",
    "Adagrad",
    "Adam",
    "AdamW",
    "Auxiliary",
    "AveragePool2D",
    "BatchNorm",
    "BinaryAccuracy",
    "BinaryCrossEntropy",
    "Callback",
    "Checkpoint",
    "Container",
    "Conv2D",
    "Conv2DTranspose",
    "CrossEntropy",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "Ensemble",
    "Flatten",
    "Hinge",
    "GlobalAveragePool2D",
    "History",
    "Huber",
    "Identity",
    "Initializer",
    "LambdaCallback",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "LocalResponseNorm",
    "Loss",
    "MaxPool2D",
    "MaximumAPosteriori",
    "Metric",
    "Model",
    "NonFiniteError",
    "Normalize",
    "Optimizer",
    "Parallel",
    "RMSProp",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Residual",
    "Reverse",
    "Schedule",
    "Scores",
    "Sequential",
    "Sigmoid",
    "Slice",
    "Softmax",
    "SquaredError",
    "SubSample2D",
    "Tanh",
    "Tensor",
    "UpSample2D",
    "ZeroPadShortcut",
    "__version__",
    "convolution",
    "cuda",
    "empty",
    "from_dlpack",
    "from_numpy",
    "full",
    "info",
    "initializers",
    "isa",
    "layers",
    "load",
    "losses",
    "memory",
    "metrics",
    "num_threads",
    "ones",
    "ops",
    "optim",
    "random",
    "release_memory",
    "schedules",
    "set_convolution",
    "set_num_threads",
    "supported_isas",
    "tensor",
    "zeros",
    *DESCENT,
    *LATER,
]


def __getattr__(name: str):
    if name in LATER:
        return import_module(LATER[name])
    if name in LATER_FROM:
        return getattr(import_module(LATER_FROM[name]), name)
    raise AttributeError(f"module 'strate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
