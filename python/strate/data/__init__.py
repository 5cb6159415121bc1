"""Data sets and the preparation of images."""

from .digits import digits
from .mnist import fashion_mnist, mnist
from .picture import prepare_digit
from .resize import resize
from .sources import CLASS_NAMES

__all__ = ["CLASS_NAMES", "digits", "fashion_mnist", "mnist", "prepare_digit", "resize"]
