"""Optimisers, one file each."""

from __future__ import annotations

from strate.optim.adagrad import Adagrad
from strate.optim.adam import Adam, AdamW
from strate.optim.optimizer import Optimizer
from strate.optim.rmsprop import RMSProp
from strate.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSProp"]
