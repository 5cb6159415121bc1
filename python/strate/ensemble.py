"""Several models asked as one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from strate.batches import images, source
from strate.history import Scores
from strate.model import Model
from strate.ops.activation import activation_forward
from strate.shapes import text
from strate.tensor import Tensor, from_numpy


class Ensemble:
    """The average of what several trained models say (lecture, p. 76-80).

    Probabilities are averaged: a model that ends in softmax gives them, and one whose outputs are logits,
    because it is linear and its loss takes logits, is taken through softmax first. Other outputs, of a
    regression or of sigmoids, are averaged as they are. The models stay what they are; each is trained and
    saved on its own.

    Args:
        models: trained models of one input and output shape.
    Attributes:
        models: them.
        input_shape, output_shape: of one sample.
        loss: the first model's, which `evaluate` uses.
    Raises:
        ValueError: no model, models whose inputs, outputs or class names differ, or whose outputs mean
            different things.
        TypeError: something that is not a model.

    >>> one, two = (st.Sequential([st.Dense(3, activation="softmax")], input_shape=2, seed=s) for s in (0, 1))
    >>> x = numpy.ones((1, 2))
    >>> y = st.Ensemble([one, two]).predict(x)
    >>> bool(numpy.allclose(y, (one.predict(x) + two.predict(x)) / 2))
    True
    """

    device = "cpu"  # of batches and outputs; each model takes them to where it is

    def __init__(self, models: Iterable[Model]):
        self.models = tuple(models)
        if not self.models:
            raise ValueError("Ensemble needs at least one model; got none")
        for place, model in enumerate(self.models, 1):
            if not isinstance(model, Model):
                raise TypeError(f"model {place} is not a Model; got {model!r}")
            if not model.built:
                raise ValueError(f"model {place}, {model.name}, has no input_shape yet: fit it first")
        first = self.models[0]
        self.name = f"ensemble of {len(self.models)}"
        self.input_shape, self.output_shape, self.dtype = first.input_shape, first.output_shape, first.dtype
        self.whole_numbers, self.makes_mask = first.whole_numbers, first.makes_mask
        self.loss, self.class_names = first.loss, first.class_names
        self.output_activation = kind_of(first)
        for place, model in enumerate(self.models[1:], 2):
            self._compare(place, model)

    def _compare(self, place: int, model: Model) -> None:
        ours, theirs = (
            (one.input_shape, one.output_shape, one.class_names) for one in (self.models[0], model)
        )
        if ours[:2] != theirs[:2]:
            shapes = [f"{text(shape[0])} to {text(shape[1])}" for shape in (ours, theirs)]
            raise ValueError(
                f"the models of an ensemble have one input and one output shape; model 1 is {shapes[0]}, "
                f"model {place} {shapes[1]}"
            )
        if ours[2] != theirs[2]:
            raise ValueError(f"class_names differ: model 1 has {ours[2]}, model {place} {theirs[2]}")
        if kind_of(model) != self.output_activation:
            raise ValueError(
                f"outputs of one meaning are averaged; those of model 1 are {self._meaning()}, those of "
                f"model {place} are not: a linear output counts as logits if the model's loss takes logits"
            )

    def _meaning(self) -> str:
        return "probabilities" if self.output_activation == "softmax" else f"{self.output_activation} outputs"

    def children(self) -> tuple[Model, ...]:
        """The models."""
        return self.models

    def check_input(self, shape: tuple[int, ...]) -> None:
        """Check the shape of a batch against the models'."""
        self.models[0].check_input(shape)

    def __call__(self, x) -> Tensor:
        """The average for a batch, as a tensor."""
        data = source(x, self.dtype, self.whole_numbers)
        self.check_input(data.shape)
        return self.forward(images(data, 0, len(data), self.dtype))

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """The average for a batch x."""
        total = np.zeros((x.shape[0], *self.output_shape), np.float64)
        for model in self.models:
            y = model(x)
            if model.output_activation != self.output_activation:
                y = activation_forward(y, "softmax")
            total += y.numpy()
        return from_numpy((total / len(self.models)).astype(self.dtype))

    def forward_logits(self, x: Tensor, training: bool = False) -> Tensor:
        """Numbers whose softmax is the average: the logarithms of the probabilities."""
        y = self.forward(x).numpy()
        if self.output_activation != "softmax":
            return from_numpy(y)
        return from_numpy(np.log(np.maximum(y, np.finfo(y.dtype).tiny)))

    def forward_masked(self, x: Tensor, mask, training: bool = False, logits: bool = False):
        """forward, or forward_logits, and the first model's mask."""
        _, mask = self.models[0].forward_masked(x, mask)
        return self.forward_logits(x) if logits else self.forward(x), mask

    def outputs(self, x: Tensor) -> np.ndarray:
        """The average for a batch x, as an array."""
        return self.forward(x).numpy()

    def predict(self, x, batch_size: int = 256) -> np.ndarray:
        """Averages for all of x; arguments as for `Model.predict`."""
        from strate.judge import predict

        return predict(self, x, batch_size)

    def evaluate(self, x, y, *, batch_size: int = 256, loss=None, metrics=None) -> Scores:
        """Loss and metrics of the averages over all of x and y; arguments as for `Model.evaluate`."""
        from strate.judge import evaluate

        return evaluate(self, x, y, batch_size, loss, metrics)

    def __repr__(self) -> str:
        return f"Ensemble([{', '.join(model.name for model in self.models)}])"


def kind_of(model: Model) -> str:
    """The activation that a model's outputs went through, or "softmax" for logits."""
    linear = model.output_activation == "identity"
    logits = linear and model.loss is not None and model.loss.takes_over("softmax")
    return "softmax" if logits else model.output_activation
