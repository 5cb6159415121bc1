from __future__ import annotations

from strate.optim.adaptive import Adaptive, fraction


class Adam(Adaptive):
    """Steps along an averaged gradient, divided by the root of its averaged squares; one kernel call.

    m <- beta_1 m + (1 - beta_1) g, s <- beta_2 s + (1 - beta_2) g^2, and in step number t
    theta <- theta - rate (m / (1 - beta_1^t)) / (sqrt(s / (1 - beta_2^t)) + epsilon)
    (Kingma, Ba, "Adam: a method for stochastic optimization", 2015). Weight decay adds
    weight_decay theta to g; `AdamW` keeps it out of the averages.

    Args:
        learning_rate: a number, a function of the epoch, or a schedule. Default: 0.001.
        beta_1: memory of the averaged gradient, 0 <= beta_1 < 1. Default: 0.9.
        beta_2: memory of the averaged squares, 0 <= beta_2 < 1. Default: 0.999.
        epsilon: added to the root. Default: 1e-8.
        weight_decay: 0 or more. Default: 0.
        decay_biases: whether weight decay reaches biases too. Default: True.
        clip_norm, clip_value: limits of the gradient, as `Optimizer` says. Default: None.
    Raises:
        ValueError: a number outside of its range.

    >>> st.Adam(weight_decay=1e-4)
    Adam(learning_rate=0.001, weight_decay=0.0001)
    """

    kind = "adam"

    def __init__(
        self,
        learning_rate=1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        decay_biases: bool = True,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ):
        self.beta_1 = fraction(type(self).__name__, "beta_1", beta_1)
        self.beta_2 = fraction(type(self).__name__, "beta_2", beta_2)
        super().__init__(
            learning_rate,
            self.beta_1,
            self.beta_2,
            epsilon,
            weight_decay,
            decay_biases,
            clip_norm,
            clip_value,
        )

    def __repr__(self) -> str:
        usual = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0}
        return self.described(**{k: getattr(self, k) for k, v in usual.items() if getattr(self, k) != v})


class AdamW(Adam):
    """Adam whose weight decay shrinks theta itself, by rate * weight_decay in each step.

    theta <- (1 - rate weight_decay) theta, then Adam's step with g the gradient alone
    (Loshchilov, Hutter, "Decoupled weight decay regularization", 2019).

    Args:
        weight_decay: 0 or more. Default: 0.01.
        learning_rate, beta_1, beta_2, epsilon, decay_biases, clip_norm, clip_value: as for `Adam`.
    Raises:
        ValueError: a number outside of its range.

    >>> st.AdamW(clip_norm=1.0)
    AdamW(learning_rate=0.001, weight_decay=0.01, clip_norm=1)
    """

    kind = "adamw"

    def __init__(
        self,
        learning_rate=1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        decay_biases: bool = True,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ):
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, weight_decay, decay_biases, clip_norm, clip_value
        )
