"""How `strate train` trains each model on each data set, unless told otherwise.

The numbers were chosen among a few by the accuracy on training images held back for that: eight seeds for
LeNet-5 on the digits, one to three elsewhere. Models without a recipe share one.
"""

from __future__ import annotations

from dataclasses import dataclass

from strate.data import Augment
from strate.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp
from strate.schedules import Cosine, ExponentialDecay, InverseTime, Linear, Schedule, StepDecay
from strate.schedules.schedule import Fixed

SCHEDULES = {  # learning rate and epochs -> schedule
    "constant": lambda rate, epochs: Fixed(rate),
    "step": lambda rate, epochs: StepDecay(rate, 0.1, every=-(-epochs // 3)),
    "exponential": lambda rate, epochs: ExponentialDecay(rate, 0.01 ** (1 / epochs)),
    "inverse-time": lambda rate, epochs: InverseTime(rate, 10 / epochs),
    "cosine": Cosine,
    "linear": lambda rate, epochs: Linear(rate, epochs + 1),  # the last epoch learns too
}
OPTIMIZERS = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSProp, "adagrad": Adagrad}
MOVING = ("sgd", "rmsprop")  # those that take a momentum


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: by default momentum, and a step that falls along half a cosine."""

    epochs: int
    batch_size: int
    learning_rate: float  # of the first epoch
    momentum: float
    weight_decay: float
    rule: str = "sgd"
    schedule: str = "cosine"
    augment: Augment | None = None

    def rate(self) -> Schedule:
        """The learning rate from epoch to epoch."""
        return SCHEDULES[self.schedule](self.learning_rate, self.epochs)

    def optimizer(self) -> Optimizer:
        """The optimiser of this recipe, ready for `fit`."""
        moving = {"momentum": self.momentum} if self.rule in MOVING else {}
        return OPTIMIZERS[self.rule](self.rate(), weight_decay=self.weight_decay, **moving)


RECIPES = {
    #                             epochs, batch, step, momentum, decay
    ("lenet5", "digits"): Recipe(30, 16, 0.02, 0.9, 0.01),
    ("lenet5", "mnist"): Recipe(10, 32, 0.03, 0.9, 5e-4),
    ("lenet5", "fashion-mnist"): Recipe(15, 64, 0.03, 0.9, 5e-4),
    ("lenet5_1998", "digits"): Recipe(40, 16, 0.002, 0.9, 0.0),
    ("lenet5_1998", "mnist"): Recipe(20, 32, 0.002, 0.9, 0.0),
    ("lenet5_1998", "fashion-mnist"): Recipe(20, 32, 0.002, 0.9, 0.0),
    ("resnet20", "cifar10"): Recipe(40, 128, 0.1, 0.9, 5e-4, augment=Augment(flip=True, shift=4)),
    ("mlp", "digits"): Recipe(20, 32, 0.03, 0.9, 0.0),
    ("mlp", "mnist"): Recipe(10, 64, 0.05, 0.9, 1e-4),
    ("mlp", "fashion-mnist"): Recipe(10, 64, 0.05, 0.9, 1e-4),
    ("softmax", "digits"): Recipe(30, 32, 0.05, 0.9, 1e-3),
    ("softmax", "mnist"): Recipe(10, 64, 0.05, 0.9, 0.0),
    ("softmax", "fashion-mnist"): Recipe(15, 64, 0.02, 0.9, 0.0),
}

# For all others: the step and decay with which ResNet and VGG are often trained on small images.
DEFAULT = Recipe(10, 64, 0.05, 0.9, 5e-4)


def recipe(model: str, data: str) -> Recipe:
    """How `strate train` trains this model on this data set: what was chosen for the two, or the default.

    >>> st.zoo.recipe("lenet5", "digits").epochs
    30
    """
    return RECIPES.get((model, data), DEFAULT)
