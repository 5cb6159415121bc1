"""A model in one .safetensors file: parameters and state by name, everything else as plain JSON.

Nothing in a file is imported, evaluated or looked up: a class name stands in the table below, or is
one that the caller passes. Sizes are compared with the file's tensors before memory is made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from strate import layers as ours
from strate import losses
from strate.batches import SCALE
from strate.io.architecture import check_json, parse_json
from strate.io.safetensors_file import read, write
from strate.layers.buffers import parameters_of, states_of
from strate.layers.layer import Layer
from strate.losses import Loss
from strate.model import Model
from strate.sequential import Sequential
from strate.tensor import from_numpy

KEY = "strate"  # of the metadata
FORMAT = 1
LONGEST_REASON = 500
LAYERS: dict[str, type[Layer]] = {
    "Activation": ours.Activation,
    "Auxiliary": ours.Auxiliary,
    "AveragePool2D": ours.AveragePool2D,
    "BatchNorm": ours.BatchNorm,
    "Conv2D": ours.Conv2D,
    "Conv2DTranspose": ours.Conv2DTranspose,
    "Dense": ours.Dense,
    "Dropout": ours.Dropout,
    "Embedding": ours.Embedding,
    "Flatten": ours.Flatten,
    "GRU": ours.GRU,
    "GlobalAveragePool2D": ours.GlobalAveragePool2D,
    "Identity": ours.Identity,
    "LSTM": ours.LSTM,
    "LayerNorm": ours.LayerNorm,
    "LeakyReLU": ours.LeakyReLU,
    "LocalResponseNorm": ours.LocalResponseNorm,
    "MaxPool2D": ours.MaxPool2D,
    "Normalize": ours.Normalize,
    "Parallel": ours.Parallel,
    "RBF": ours.RBF,
    "RNN": ours.RNN,
    "ReLU": ours.ReLU,
    "Rescaling": ours.Rescaling,
    "Reshape": ours.Reshape,
    "Residual": ours.Residual,
    "Reverse": ours.Reverse,
    "Sequential": Sequential,
    "Sigmoid": ours.Sigmoid,
    "Slice": ours.Slice,
    "Softmax": ours.Softmax,
    "SubSample2D": ours.SubSample2D,
    "Tanh": ours.Tanh,
    "UpSample2D": ours.UpSample2D,
    "ZeroPadShortcut": ours.ZeroPadShortcut,
}
LOSSES: dict[str, type[Loss]] = {
    "BinaryCrossEntropy": losses.BinaryCrossEntropy,
    "CrossEntropy": losses.CrossEntropy,
    "Hinge": losses.Hinge,
    "Huber": losses.Huber,
    "MaximumAPosteriori": losses.MaximumAPosteriori,
    "SquaredError": losses.SquaredError,
}


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model; the file is replaced whole or not at all."""
    described = architecture(model)
    tensors = {
        name: view.contiguous().numpy() for name, view in {**model.parameters(), **model.states()}.items()
    }
    write(path, tensors, {KEY: json.dumps(described)})


def architecture(model: Model) -> dict:
    """Everything but the numbers, as plain JSON.

    Raises:
        RuntimeError: a model without an input shape, or inside of another.
        TypeError: an argument of a layer that is not plain JSON.
    """
    if not model.is_outermost:
        raise RuntimeError(f"{model.name} is part of another model; save that one")
    memory = model._memory()
    described = {
        "format": FORMAT,
        "model": encode(model),
        "input_shape": list(model.input_shape),
        "dtype": model.dtype,
        "seed": memory.seed,
        "steps": memory.steps,
        "loss": None if model.loss is None else encode(model.loss),
        "input_scale": model.input_scale,
        "class_names": None if model.class_names is None else list(model.class_names),
    }
    check_json(described, name="architecture")
    return described


def encode(value):
    """Layers and losses as {"class": name, "config": arguments}, tuples as lists."""
    if isinstance(value, Layer):
        frozen = {} if value.trainable else {"trainable": False}
        return {"class": type(value).__name__, "config": encode(value.config()), **frozen}
    if isinstance(value, Loss):
        return {"class": type(value).__name__, "config": encode(value.config())}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return value


def load(
    path: str | os.PathLike[str], layers: Iterable[type[Layer]] = (), losses: Iterable[type[Loss]] = ()
) -> Model:
    """Read a model that `save` wrote.

    Args:
        path: of the file.
        layers: your own layer classes that the model is made of.
        losses: your own loss classes. A loss that is not known is left out: give `evaluate` one.
    Raises:
        ValueError: not such a file, damaged, or of a class that is neither strate's nor passed.
        FileNotFoundError: no such file.

    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
    >>> model = st.Sequential([st.Dense(2)], input_shape=3, seed=0)
    >>> model.save(path)
    >>> st.load(path)(st.ones((1, 3))).tolist() == model(st.ones((1, 3))).tolist()
    True
    """
    table, loss_table = known(LAYERS, layers, Layer), known(LOSSES, losses, Loss)
    tensors, metadata = read(path)
    try:
        return rebuild(tensors, parse_json(described(metadata), name="architecture"), table, loss_table)
    except (ValueError, TypeError, KeyError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        if len(reason) > LONGEST_REASON:  # it quotes the file, whose values may be of any length
            reason = reason[:LONGEST_REASON] + "..."
        raise ValueError(f"{os.fspath(path)}: {reason}") from error


def described(metadata: dict[str, str]) -> str:
    """The architecture's text."""
    if KEY not in metadata:
        raise ValueError("not a model of strate: its metadata say nothing about an architecture")
    return metadata[KEY]


def rebuild(tensors: dict, saved: dict, table: dict, loss_table: dict) -> Model:
    """The model of a file."""
    check_facts(saved)
    model = decode(saved["model"], table)
    if not isinstance(model, Model):
        raise ValueError(f"the outermost layer is a model; got {type(model).__name__}")
    model._dtype, model.seed = saved["dtype"], saved["seed"]
    model.declare_all(tuple(saved["input_shape"]))
    check_tensors(model, tensors)
    model.allocate(fill=False)
    for name, view in {**model.parameters(), **model.states()}.items():
        view.copy_from(from_numpy(tensors[name]))
    model._memory().rewind(saved["steps"])
    model.input_scale, model.class_names = saved["input_scale"], saved["class_names"]
    if saved["loss"] is not None and saved["loss"].get("class") in loss_table:
        model.loss = decode(saved["loss"], loss_table)
        if not isinstance(model.loss, Loss):
            raise ValueError(f"the arguments of the loss are missing; got loss={model.loss!r}")
    return model


def check_facts(saved) -> None:
    """What stands beside the layers has the type that `save` wrote."""
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        got = saved.get("format") if isinstance(saved, dict) else saved
        raise ValueError(f"format {FORMAT} is understood; got format={got!r}")
    kinds = {
        "input_shape": list,
        "dtype": str,
        "seed": int,
        "steps": int,
        "input_scale": (float, type(None)),
        "class_names": (list, type(None)),
        "loss": (dict, type(None)),
    }
    for name, kind in kinds.items():
        if not isinstance(saved[name], kind) or (kind is int and not 0 <= saved[name] < 1 << 63):
            raise ValueError(f"{name} is not what save writes; got {saved[name]!r}")
    if saved["input_scale"] not in (None, SCALE):
        raise ValueError(f"input_scale is 1/255 or none; got {saved['input_scale']!r}")
    if saved["dtype"] not in ("float32", "float64"):
        raise ValueError(f"dtype is float32 or float64; got {saved['dtype']!r}")


def check_tensors(model: Model, tensors: dict) -> None:
    """The file holds what the architecture declares: names, shapes, dtype, and nothing else."""
    wanted = {name: declared.shape for name, _, declared in (*parameters_of(model), *states_of(model))}
    for name, shape in wanted.items():
        if name not in tensors:
            raise ValueError(f"tensor {name} is missing")
        got = tensors[name]
        if got.shape != shape or got.dtype.name != model.dtype:
            raise ValueError(
                f"{name} is {shape} {model.dtype} by the architecture; got {got.shape} {got.dtype}"
            )
    extra = sorted(set(tensors) - set(wanted))
    if extra:
        raise ValueError(f"the architecture has no tensor {extra[0]}")


def decode(value, table: dict):
    """Objects from {"class": name, "config": arguments}; everything else as it is."""
    if isinstance(value, list):
        return [decode(item, table) for item in value]
    if not isinstance(value, dict):
        return value
    if "class" not in value or "config" not in value:
        return {key: decode(item, table) for key, item in value.items()}
    name = value["class"]
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"class {name!r} is not known; if it is yours, pass it: load(path, layers=[...])")
    config = value["config"]
    if not isinstance(config, dict):
        raise ValueError(f"the arguments of {name} are given by name; got {config!r}")
    kind, config = table[name], decode(config, table)
    made = kind.from_config(config) if issubclass(kind, Layer) else kind(**config)
    if value.get("trainable") is False:
        made._trainable = False
    return made


def known(table: dict, passed: Iterable[type], base: type) -> dict:
    """Class by name: strate's and those passed."""
    table = dict(table)
    for kind in passed:
        if not (isinstance(kind, type) and issubclass(kind, base)):
            raise TypeError(f"classes of {base.__name__}s are passed to load; got {kind!r}")
        if kind.__name__ in table and table[kind.__name__] is not kind:
            raise ValueError(f"there are two classes named {kind.__name__}; rename yours")
        table[kind.__name__] = kind
    return table
