"""A model's loss over a data set as a function of its flat theta, for `minimize`."""

from __future__ import annotations

from math import isfinite

import numpy as np

from strate import losses
from strate.batches import SCALE, images
from strate.forward import forward_and_loss
from strate.judge import Labelled
from strate.model import Model
from strate.tensor import from_numpy
from strate.train import training


class Objective:
    """f(theta) -> (J, grad J): forward, loss and backward over all of x and y, as in training.

    The count of random numbers and `model.state` are set back before each evaluation, so equal thetas
    give equal values, dropout included. A model in float32 rounds theta and works in float32; its line
    searches end where rounding hides a decrease, sooner than those of a model in float64.

    Attributes:
        model, loss: as given.
        theta: the model's parameters as a float64 vector; setting it writes into the model.
        evaluations: how often it was called.
    """

    def __init__(self, model, x, y, loss):
        self.model, self.loss = model, losses.get(loss)
        with training(model):
            data = Labelled(model, self.loss, x, y)
            memory = model._memory()
            self._x = images(data.x, 0, len(data), model.dtype)
            self._target = data.target
            self._steps = memory.steps
            self._state = memory.state.copy()
            model.loss = self.loss
            if data.x.dtype == "uint8":
                model.input_scale = SCALE
        self.evaluations = 0

    @property
    def theta(self) -> np.ndarray:
        """The model's parameters, a copy; the gaps between them are zero."""
        return self.model.theta.numpy().astype(np.float64)

    @theta.setter
    def theta(self, value) -> None:
        memory = self.model._memory()
        value = np.asarray(value, np.float64)
        if value.shape != memory.theta.shape:
            raise ValueError(f"[objective] theta has shape {memory.theta.shape}; got {value.shape}")
        inside = np.zeros(value.shape, memory.dtype)
        with np.errstate(over="ignore"):
            for place in memory.parameters:
                inside[place.begin : place.end] = value[place.begin : place.end]
        memory.theta.copy_from(from_numpy(inside))

    def __call__(self, theta) -> tuple[float, np.ndarray]:
        """J and its gradient at theta, which is zero in gaps and for layers with trainable = False.

        If J is not finite, there is no backward pass and the gradient is NaN.
        """
        model = self.model
        with training(model):
            self.theta = theta
            self.evaluations += 1
            memory = model._memory()
            memory.rewind(self._steps)
            memory.state.copy_from(self._state)
            value, dy, *_ = forward_and_loss(model, self.loss, self._x, self._target, True)
            gradient = np.full(memory.gradient.shape, 0.0 if isfinite(value) else np.nan)
            if isfinite(value):
                self._backward(dy, gradient)
        return value, gradient

    def _backward(self, dy, gradient: np.ndarray) -> None:
        self.model.ask_dx(False)
        try:
            self.model.backward(dy)
        finally:
            self.model.ask_dx(True)
        computed = self.model.gradient.numpy()
        for place in self.model.places():
            if place.layer.trainable:
                gradient[place.begin : place.end] = computed[place.begin : place.end]


def objective(model, x, y, loss) -> Objective:
    """The loss of a model over a data set as a function of its flat theta: what `minimize` takes.

    Args:
        model: the outermost one; built for x if it is not yet. It keeps `loss`, as after `fit`.
        x: inputs (N, ...), kept as they are; one evaluation takes them all at once.
        y: targets (N, ...).
        loss: a name or a `Loss`.
    Raises:
        TypeError: a layer that is not a model.
        ValueError: no data, shapes that do not fit.
        RuntimeError: the model is part of another, or is training.

    >>> x, y = st.data.digits()[0]
    >>> model = st.Sequential([st.Flatten(), st.Dense(10, activation="softmax")], seed=0)
    >>> f = st.objective(model, x, y, "cross_entropy")
    >>> result = st.minimize(f, f.theta, step=st.StrongWolfe(), stop=st.GradientNorm(0.05))
    >>> result.converged, model.evaluate(x, y).accuracy > 0.9
    (True, True)
    """
    if not isinstance(model, Model):
        raise TypeError(f"[objective] a model is needed, such as Sequential; got {type(model).__name__}")
    return Objective(model, x, y, loss)
