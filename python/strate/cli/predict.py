from __future__ import annotations

import numpy as np

from strate.cli.errors import OK
from strate.cli.models import GREY, load, origin
from strate.cli.output import bar, percent
from strate.data import prepare_picture


def run(arguments) -> int:
    """`strate predict`: a picture's class, and the probability of each."""
    model = load(arguments.file, GREY)
    image = prepare_picture(arguments.picture, origin(model) or "mnist", model.input_shape[:2])
    probabilities = probabilities_of(model, image).tolist()
    names = model.class_names or [str(label) for label in range(len(probabilities))]
    best = max(range(len(names)), key=probabilities.__getitem__)
    print(f"{arguments.picture}: {names[best]} ({percent(probabilities[best])})")
    width = max(map(len, names))
    for name, share in zip(names, probabilities, strict=True):
        print(f"{name:>{width}} {percent(share):>7} {bar(share)}".rstrip())
    return OK


def probabilities_of(model, image: np.ndarray) -> np.ndarray:
    """The outputs for one image; those of a model without a final softmax are logits."""
    y = model.predict(image[None])[0]
    if model.output_activation == "softmax":
        return y
    e = np.exp(y - y.max())
    return e / e.sum()
