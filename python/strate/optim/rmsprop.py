from __future__ import annotations

from strate.optim.adaptive import Adaptive, fraction


class RMSProp(Adaptive):
    """Steps along the gradient, divided by the root of its averaged squares; one kernel call.

    s <- rho s + (1 - rho) g^2, theta <- theta - rate g / (sqrt(s) + epsilon) (Tieleman, Hinton,
    "Lecture 6.5: rmsprop", 2012). With momentum m <- momentum m + g / (sqrt(s) + epsilon) and
    theta <- theta - rate m. Weight decay adds weight_decay theta to g.

    Args:
        learning_rate: a number, a function of the epoch, or a schedule. Default: 0.001.
        rho: memory of the averaged squares, 0 <= rho < 1. Default: 0.9.
        momentum: 0 <= momentum < 1. Default: 0.
        epsilon: added to the root. Default: 1e-8.
        weight_decay: 0 or more. Default: 0.
        decay_biases: whether weight decay reaches biases too. Default: True.
        clip_norm, clip_value: limits of the gradient, as `Optimizer` says. Default: None.
    Raises:
        ValueError: a number outside of its range.

    >>> st.RMSProp(0.01, momentum=0.5)
    RMSProp(learning_rate=0.01, momentum=0.5)
    """

    kind = "rmsprop"

    def __init__(
        self,
        learning_rate=1e-3,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        decay_biases: bool = True,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ):
        self.rho, self.momentum = fraction("RMSProp", "rho", rho), fraction("RMSProp", "momentum", momentum)
        super().__init__(
            learning_rate,
            self.momentum,
            self.rho,
            epsilon,
            weight_decay,
            decay_biases,
            clip_norm,
            clip_value,
        )

    def has_moment(self):
        return self.momentum > 0

    def __repr__(self) -> str:
        usual = {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-8, "weight_decay": 0.0}
        return self.described(**{k: getattr(self, k) for k, v in usual.items() if getattr(self, k) != v})
