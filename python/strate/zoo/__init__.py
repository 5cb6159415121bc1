"""Networks by name: each function returns a new model, built and ready to train."""

from __future__ import annotations

from strate.zoo.lenet5 import lenet5
from strate.zoo.mlp import mlp
from strate.zoo.recipes import RECIPES, Recipe
from strate.zoo.softmax import softmax

__all__ = ["MODELS", "RECIPES", "Recipe", "lenet5", "mlp", "softmax"]

MODELS = {"lenet5": lenet5, "mlp": mlp, "softmax": softmax}
