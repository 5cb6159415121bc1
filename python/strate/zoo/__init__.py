"""Networks by name: each function returns a new model, built and ready to train.

Building works out shapes alone; weights get memory when they are first needed.
"""

from __future__ import annotations

from strate.zoo.alexnet import alexnet, alexnet_2012
from strate.zoo.char_rnn import char_rnn
from strate.zoo.googlenet import googlenet
from strate.zoo.lenet5 import lenet5
from strate.zoo.lenet5_1998 import lenet5_1998
from strate.zoo.mlp import mlp
from strate.zoo.perceptron import perceptron
from strate.zoo.recipes import RECIPES, Recipe, recipe
from strate.zoo.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from strate.zoo.resnet_cifar import resnet20, resnet32, resnet44, resnet56, resnet110
from strate.zoo.rnn_tagger import rnn_tagger
from strate.zoo.senet import se_resnet50, se_resnet152, senet154
from strate.zoo.softmax import softmax
from strate.zoo.vgg import vgg11, vgg13, vgg16, vgg19
from strate.zoo.zfnet import zfnet

# Those that tell one image from another, by the name that the command knows.
MODELS = {
    model.__name__: model
    for model in (
        *(perceptron, softmax, mlp, lenet5_1998, lenet5),
        *(alexnet_2012, alexnet, zfnet),
        *(vgg11, vgg13, vgg16, vgg19),
        googlenet,
        *(resnet18, resnet34, resnet50, resnet101, resnet152),
        *(resnet20, resnet32, resnet44, resnet56, resnet110),
        *(se_resnet50, se_resnet152, senet154),
    )
}

__all__ = ["MODELS", "RECIPES", "Recipe", "char_rnn", "recipe", "rnn_tagger", *MODELS]
