"""Networks by name: each function returns a new model, built and ready to train.

Building works out shapes alone; weights get memory when they are first needed.
"""

from __future__ import annotations

from strate.zoo.char_rnn import char_rnn
from strate.zoo.lenet5 import lenet5
from strate.zoo.lenet5_1998 import lenet5_1998
from strate.zoo.mlp import mlp
from strate.zoo.recipes import RECIPES, Recipe
from strate.zoo.rnn_tagger import rnn_tagger
from strate.zoo.softmax import softmax

__all__ = ["MODELS", "RECIPES", "Recipe", "char_rnn", "lenet5", "mlp", "rnn_tagger", "softmax"]
from strate.zoo.recipes import recipe

__all__ = ["MODELS", "RECIPES", "Recipe", "lenet5", "mlp", "recipe", "softmax"]

# Those that tell one image from another, by the name that the command knows.
MODELS = {"lenet5": lenet5, "mlp": mlp, "softmax": softmax}
__all__ = ["MODELS", "RECIPES", "Recipe", "lenet5", "lenet5_1998", "mlp", "softmax"]

MODELS = {"lenet5": lenet5, "lenet5_1998": lenet5_1998, "mlp": mlp, "softmax": softmax}
from strate.zoo.perceptron import perceptron
from strate.zoo.recipes import RECIPES, Recipe, recipe
from strate.zoo.softmax import softmax

MODELS = {
    model.__name__: model
    for model in (
        *(perceptron, softmax, mlp, lenet5),
    )
}

__all__ = ["MODELS", "RECIPES", "Recipe", "recipe", *MODELS]
