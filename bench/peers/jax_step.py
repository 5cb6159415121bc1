"""The jit-ed training step of JAX, for chains of Conv2D, MaxPool2D, Flatten and Dense."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import strate as st

from . import weights
from .nets import Pair

KNOWN = (st.Conv2D, st.MaxPool2D, st.Flatten, st.Dense)


def applies(pair: Pair) -> bool:
    """Whether the net is made of layers that are written here."""
    return all(isinstance(layer, KNOWN) for layer in pair.ours.layers)


def _convolution(layer: st.Conv2D, x, weight):
    top, bottom, left, right = layer.padding
    return lax.conv_general_dilated(
        x,
        weight.transpose(1, 2, 3, 0),
        layer.stride,
        ((top, bottom), (left, right)),
        rhs_dilation=layer.dilation,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def _forward(layers, parameters, x):
    """Logits; images are NHWC, which XLA prefers on processors, and weights have strate's axes."""
    rest = iter(parameters)
    for layer in layers:
        if isinstance(layer, st.MaxPool2D):
            window, stride = (1, *layer.window, 1), (1, *layer.stride, 1)
            x = lax.reduce_window(x, -jnp.inf, lax.max, window, stride, "VALID")
        elif isinstance(layer, st.Flatten):
            x = x.reshape(len(x), -1)
        else:
            weight, bias = next(rest), next(rest)
            z = x @ weight.T if isinstance(layer, st.Dense) else _convolution(layer, x, weight)
            x = jax.nn.relu(z + bias) if layer.output_activation == "relu" else z + bias
    return x


def _loss_of(pair: Pair):
    def loss(parameters, x, y):
        logs = jax.nn.log_softmax(_forward(pair.ours.layers, parameters, x))
        return -jnp.take_along_axis(logs, y[:, None], axis=1).mean()

    return jax.value_and_grad(loss)


def loss_and_gradients(pair: Pair, x: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """On one batch, with the weights that `pair.ours` has; gradients with strate's axes."""
    value, gradients = jax.jit(_loss_of(pair))(weights.parameters(pair.ours), x, y)
    return float(value), [np.asarray(gradient) for gradient in gradients]


def step(
    pair: Pair, x: np.ndarray, y: np.ndarray, learning_rate: float, momentum: float
) -> Callable[[], float]:
    """Forward, loss, backward and update in one jit-ed function, in place; the loss is read each time."""
    loss_and_gradient = _loss_of(pair)

    def update(parameters, velocities, x, y):
        value, gradients = loss_and_gradient(parameters, x, y)
        velocities = [momentum * v + g for v, g in zip(velocities, gradients, strict=True)]
        moved = [p - learning_rate * v for p, v in zip(parameters, velocities, strict=True)]
        return moved, velocities, value

    jitted = jax.jit(update, donate_argnums=(0, 1))
    parameters = [jnp.array(array) for array in weights.parameters(pair.ours)]
    velocities = [jnp.zeros_like(array) for array in parameters]
    images, labels = jnp.array(x), jnp.array(y)

    def run() -> float:
        nonlocal parameters, velocities
        parameters, velocities, value = jitted(parameters, velocities, images, labels)
        return float(value)

    return run
