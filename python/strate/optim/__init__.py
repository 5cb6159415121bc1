"""Optimisers, one file each."""

from __future__ import annotations

from strate.optim.optimizer import Optimizer
from strate.optim.sgd import SGD

__all__ = ["SGD", "Optimizer"]
