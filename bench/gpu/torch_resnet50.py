"""ResNet-50 as PyTorch's users write it, equal to st.zoo.resnet50 up to the softmax."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

EXPANSION = 4


def _conv(given: int, maps: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(given, maps, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(maps)]


class Bottleneck(nn.Module):
    """relu(body(x) + shortcut(x)), 1x1, 3x3 with the stride, 1x1 to four times as many maps."""

    def __init__(self, given: int, maps: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            *_conv(given, maps, 1), nn.ReLU(), *_conv(maps, maps, 3, stride), nn.ReLU(),
            *_conv(maps, EXPANSION * maps, 1),
        )  # fmt: skip
        changes = stride != 1 or given != EXPANSION * maps
        self.shortcut = nn.Sequential(*(_conv(given, EXPANSION * maps, 1, stride) if changes else []))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.body(x) + self.shortcut(x))


def resnet50(classes: int = 1000, first: int = 64) -> nn.Sequential:
    """Stages of 3, 4, 6 and 3 blocks; `first` is the number of maps of the first."""
    layers: list[nn.Module] = [*_conv(3, first, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    given = first
    for stage, depth in enumerate((3, 4, 6, 3)):
        maps = first << stage
        for block in range(depth):
            layers.append(Bottleneck(given, maps, 2 if stage and not block else 1))
            given = EXPANSION * maps
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(given, classes))
