from __future__ import annotations

import numpy as np

from strate.cli.errors import OK
from strate.cli.models import load, origin
from strate.cli.output import bar, percent
from strate.data import prepare_digit, resize


def run(arguments) -> int:
    """`strate predict`: a picture's class, and the probability of each."""
    model = load(arguments.file)
    image = prepare(arguments.picture, origin(model), model.input_shape[:2])
    probabilities = model.predict(image[None])[0].tolist()
    names = model.class_names or [str(label) for label in range(len(probabilities))]
    best = max(range(len(names)), key=probabilities.__getitem__)
    print(f"{arguments.picture}: {names[best]} ({percent(probabilities[best])})")
    width = max(map(len, names))
    for name, share in zip(names, probabilities, strict=True):
        print(f"{name:>{width}} {percent(share):>7} {bar(share)}".rstrip())
    return OK


def prepare(picture: str, data: str | None, size: tuple[int, int]) -> np.ndarray:
    """A picture as an image like those of a data set; of MNIST if it is not known which."""
    if data == "fashion-mnist":
        return filling(prepare_digit(picture, "mnist"), size)
    return prepare_digit(picture, "digits" if data == "digits" else "mnist", size)


def filling(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The same thing as large as the image allows, in its middle: as garments stand in Fashion-MNIST."""
    rows, columns = np.flatnonzero(image.any((1, 2))), np.flatnonzero(image.any((0, 2)))
    thing = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = min(size[0] / thing.shape[0], size[1] / thing.shape[1])
    height, width = (max(1, round(side * factor)) for side in thing.shape[:2])
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    result = np.zeros((*size, 1), np.float32)
    result[top : top + height, left : left + width] = resize(thing[None], (height, width))[0]
    return result
