"""ResNet-20 for 32x32 pixels as PyTorch's users write it, equal to st.zoo.resnet20 up to the softmax."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """relu(body(x) + shortcut(x)); the shortcut takes every stride-th pixel and puts maps of zeros behind."""

    def __init__(self, given: int, maps: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(given, maps, 3, stride, 1, bias=False), nn.BatchNorm2d(maps), nn.ReLU(),
            nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps),
        )  # fmt: skip
        self.stride, self.zeros = stride, maps - given

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        other = x
        if self.zeros:
            other = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.zeros))
        return F.relu(self.body(x) + other)


def resnet20(classes: int = 10) -> nn.Sequential:
    """Three stages of three blocks, the mean of each map, and the classes' logits."""
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    given = 16
    for maps, stride in ((16, 1), (32, 2), (64, 2)):
        layers += [Block(given, maps, stride), Block(maps, maps, 1), Block(maps, maps, 1)]
        given = maps
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))
