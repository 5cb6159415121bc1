"""Saved models, and the data set that each was trained on: the last part of its name, as in lenet5-digits."""

from __future__ import annotations

from pathlib import Path

import strate
from strate.cli.errors import UsageError
from strate.cli.parser import DATA_SETS
from strate.shapes import text

GREY, ANY = (1,), (1, 3)  # channels


def read(path: str):
    """The model in a file.

    Raises:
        FileNotFoundError, ValueError: there is none, or it is not a model's.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"{path}: there is no such file; `strate train MODEL --save {path}` would write one"
        )
    return strate.load(path)


def load(path: str, channels: tuple[int, ...] = ANY):
    """The model in a file, which must take images of so many channels and give classes.

    Raises:
        FileNotFoundError, ValueError: there is none, or it is not a model's.
    """
    model = read(path)
    is_of_images = len(model.input_shape) == 3 and model.input_shape[2] in channels
    if not is_of_images or len(model.output_shape) != 1:
        kind = "grey images (28x28x1)" if channels == GREY else "images (28x28x1, 32x32x3)"
        shapes = f"{text(model.input_shape)} to {text(model.output_shape)}"
        raise ValueError(f"{path}: a model of {kind} and classes is needed; this one is {shapes}")
    return model


def named(model: str, data: str) -> str:
    """The name of a model trained on a data set."""
    return f"{model}-{data}"


def origin(model) -> str | None:
    """The data set that a model was trained on, or None if its name does not say."""
    data = model.name.partition("-")[2]
    return data if data in DATA_SETS else None


def origin_or_given(model, given: str | None) -> str:
    """The data set to test on.

    Raises:
        UsageError: neither the model's name nor the command line says it.
    """
    data = given or origin(model)
    if data is None:
        raise UsageError(f"{model.name} does not say what it was trained on: --data {', '.join(DATA_SETS)}")
    return data
