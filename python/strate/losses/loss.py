"""The base of every loss: a value to make small, and its gradient."""

from __future__ import annotations

from strate.config import constructor_arguments, described
from strate.shapes import text
from strate.tensor import Tensor


class Loss:
    """J(y, target) and its gradient by y.

    A loss of your own writes `__call__`; numpy is welcome inside::

        class AbsoluteError(st.Loss):
            formula = "J = sum |y - t|, mean over samples"

            def __call__(self, y, target):
                difference = y.numpy() - target.numpy()
                return abs(difference).sum() / len(y), numpy.sign(difference) / len(y)

    Attributes:
        formula: one line for `summary`.
        fuses: the activation that this loss takes over, "softmax" or "sigmoid": where a model ends
            with it, y comes without it, and the gradient is by the logits. None takes y as it is.
        classes: whether targets are classes, so that accuracy means something.
        binary: whether every output is a class of its own, there where its logit is above 0.
        capturable: True asserts that value and gradient depend on tensors alone, and that the value is
            a tensor, so that a step may be recorded once and replayed.
        mean: True if the value is an average over samples, False if it is a sum.
    """

    formula = "a loss of the user's own"
    fuses: str | None = None
    classes = False
    binary = False
    capturable = False
    mean = True

    def __call__(self, y: Tensor, target: Tensor):
        """(J, dy) for a batch: a number or a tensor of shape (), and a gradient in the shape of y."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(y, target)")

    def check(self, output_activation: str) -> None:
        """Refuse a model whose output does not suit this loss; None accepts all."""

    def takes_over(self, output_activation: str) -> bool:
        """Whether y comes without this activation, which ends the model."""
        return self.fuses is not None and output_activation == self.fuses

    def prepare(self, target, output_shape: tuple[int, ...], dtype: str):
        """Targets of a whole data set, checked against the model's output and converted once."""
        return target

    def takes(self, target: Tensor, output_shape: tuple[int, ...]) -> bool:
        """Whether targets are what `prepare` would return, so that a small step need not go through numpy."""
        return False

    def weight(self, target: Tensor) -> float:
        """Weight of a batch in the average over an epoch. Default: its number of samples."""
        return len(target)

    def describe(self, output_activation: str) -> str:
        """The formula as `summary` prints it, for a model with this output."""
        return self.formula

    def config(self) -> dict:
        """The constructor's arguments as plain JSON."""
        return constructor_arguments(self)

    def __repr__(self) -> str:
        return described(self)


def same_shape(target_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> None:
    """A ValueError unless targets have one value for every output."""
    if target_shape[1:] == output_shape:
        return
    hint = ""
    if (*target_shape[1:], 1) == output_shape:
        hint = "; reshape the target to (N, ..., 1)"
    elif target_shape[1:] == output_shape[:-1]:
        hint = f"; a label for each sample becomes a row of its own by numpy.eye({output_shape[-1]})[y]"
    raise ValueError(
        f"target and output differ in shape: the model gives {text(output_shape)} for a sample, "
        f"the target has shape {target_shape}{hint}"
    )
