"""Data sets and the preparation of images."""

from strate.data.augment import Augment
from strate.data.cifar10 import cifar10
from strate.data.conll import conll
from strate.data.digits import digits
from strate.data.mnist import fashion_mnist, mnist
from strate.data.picture import prepare_picture
from strate.data.resize import resize
from strate.data.sources import CLASS_NAMES

__all__ = [
    "CLASS_NAMES",
    "Augment",
    "cifar10",
    "conll",
    "digits",
    "fashion_mnist",
    "mnist",
    "prepare_picture",
    "resize",
]
