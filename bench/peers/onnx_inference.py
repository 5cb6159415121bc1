"""Inference with ONNX Runtime on as many threads as cores, of the graph that PyTorch exports."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from . import machine
from .nets import Pair
from .torch_inference import network


def prediction(pair: Pair, x: np.ndarray) -> Callable[[], np.ndarray]:
    """One call of the session; the graph has the batch's size, and is optimised as far as offered."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = machine.cores()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    given = pair.torch_input(x)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter that needs no further package is deprecated
            torch.onnx.export(network(pair), (given,), path, input_names=["x"], dynamo=False)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {"x": given.numpy()}
    return lambda: session.run(None, feed)[0]
