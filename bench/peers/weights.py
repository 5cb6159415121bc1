"""Parameters, gradients and running averages of strate, in the order and with the axes of PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import strate as st

Images = tuple[int, int, int]


def _with_their_axes(array: np.ndarray, images: Images | None) -> np.ndarray:
    """Convolution (out, kh, kw, in) to (out, in, kh, kw); inputs that were (H, W, C) to (C, H, W)."""
    if array.ndim == 4:
        return array.transpose(0, 3, 1, 2)
    if images is not None:
        h, w, c = images
        return array.reshape(-1, h, w, c).transpose(0, 3, 1, 2).reshape(array.shape)
    return array


def torch_order(arrays: list[np.ndarray], flattened: Images | None) -> list[np.ndarray]:
    """Arrays of strate, layer by layer, with torch's axes.

    Args:
        arrays: parameters or gradients of all layers, in order.
        flattened: (H, W, C) that the first dense layer's inputs were before they were flattened.
    """
    out, first_dense = [], True
    for array in arrays:
        images = None
        if array.ndim == 2 and first_dense:
            images, first_dense = flattened, False
        out.append(np.ascontiguousarray(_with_their_axes(array, images)))
    return out


def parameters(model: st.Sequential) -> list[np.ndarray]:
    """Copies of all parameters, in the order of the layers, those inside others among them."""
    return [np.array(parameter.numpy()) for parameter in model.parameters().values()]


def gradients(model: st.Sequential) -> list[np.ndarray]:
    """Copies of their gradients, as the last step left them."""
    return [np.array(place.view(model.gradient).numpy()) for place in model.places()]


def copy_to(net: nn.Module, model: st.Sequential, flattened: Images | None) -> None:
    """Give a torch module the parameters and running averages of a model."""
    states = [np.array(state.numpy()) for state in model.states().values()]
    buffers = [buffer for name, buffer in net.named_buffers() if not name.endswith("num_batches_tracked")]
    with torch.no_grad():
        for ours, theirs in (
            (torch_order(parameters(model), flattened), list(net.parameters())),
            (states, buffers),
        ):
            for array, tensor in zip(ours, theirs, strict=True):
                tensor.copy_(torch.from_numpy(array))
