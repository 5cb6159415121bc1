from __future__ import annotations

from dataclasses import dataclass

from strate.ops.augment import augment
from strate.tensor import Tensor


@dataclass(frozen=True)
class Augment:
    """Random changes of training images, made in C++ while a batch is drawn: `fit(augment=...)`.

    Every image has a draw of its own in every epoch, fixed by the seed of `fit`; it depends neither
    on the batch that the image is in nor on threads. Validation images stay as they are.

    Args:
        flip: whether left and right are exchanged, in every second image. Default: True.
        shift: images move by up to this many pixels, in both directions, and zeros move in (He et
            al., "Deep residual learning for image recognition", 2015, use 4 on CIFAR). Default: 0.
    Raises:
        ValueError: a shift that is not a whole number, 0 or more.

    >>> st.data.Augment(flip=True, shift=4)
    Augment(flip=True, shift=4)
    """

    flip: bool = True
    shift: int = 0

    def __post_init__(self):
        if isinstance(self.shift, bool) or not hasattr(self.shift, "__index__") or self.shift < 0:
            raise ValueError(f"shift is a whole number of pixels, 0 or more; got shift={self.shift!r}")

    def check(self, input_shape: tuple[int, ...]) -> None:
        """Refuse inputs that are not images, or too small for the shift."""
        if len(input_shape) != 3:
            raise ValueError(f"augment changes images, (N, H, W, C); got {('N', *input_shape)}")
        if self.shift and self.shift >= min(input_shape[:2]):
            raise ValueError(f"images of {input_shape[0]}x{input_shape[1]} cannot move by shift={self.shift}")

    def __call__(self, images: Tensor, rows: Tensor, random: Tensor, scale: float, dtype: str, out=None):
        """Rows of `images`, changed, scaled, in `dtype` or in `out`; `random` holds a seed and the epoch."""
        settings = {"flip": bool(self.flip), "shift": int(self.shift), "scale": scale, "dtype": dtype}
        return augment(images, rows, random, **settings, out=out)
