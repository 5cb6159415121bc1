"""How `strate train` trains each model on each data set, unless told otherwise.

The numbers were found by trying a few on several seeds, with the training images alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from strate.optim import SGD
from strate.schedules import Cosine


@dataclass(frozen=True)
class Recipe:
    """Stochastic gradient descent with momentum; the step falls along half a cosine over the epochs."""

    epochs: int
    batch_size: int
    learning_rate: float  # of the first epoch
    momentum: float

    def optimizer(self) -> SGD:
        """The optimiser of this recipe, ready for `fit`."""
        return SGD(Cosine(self.learning_rate, self.epochs), momentum=self.momentum)


#                                 epochs, batch, step, momentum
RECIPES = {
    ("lenet5", "digits"): Recipe(30, 32, 0.03, 0.9),
    ("lenet5", "mnist"): Recipe(10, 64, 0.05, 0.9),
    ("lenet5", "fashion-mnist"): Recipe(15, 64, 0.05, 0.9),
    ("mlp", "digits"): Recipe(20, 32, 0.03, 0.9),
    ("mlp", "mnist"): Recipe(10, 64, 0.05, 0.9),
    ("mlp", "fashion-mnist"): Recipe(15, 64, 0.05, 0.9),
    ("softmax", "digits"): Recipe(30, 32, 0.05, 0.9),
    ("softmax", "mnist"): Recipe(10, 64, 0.02, 0.9),
    ("softmax", "fashion-mnist"): Recipe(15, 64, 0.02, 0.9),
}
