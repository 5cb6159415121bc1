from __future__ import annotations

from strate.optim.adaptive import Adaptive


class Adagrad(Adaptive):
    """Steps along the gradient, divided by the root of all its squares so far; one kernel call.

    s <- s + g^2 from s = 0 on, theta <- theta - rate g / (sqrt(s) + epsilon) (Duchi, Hazan, Singer,
    "Adaptive subgradient methods for online learning and stochastic optimization", 2011). Weight
    decay adds weight_decay theta to g.

    Args:
        learning_rate: a number, a function of the epoch, or a schedule. Default: 0.01.
        epsilon: added to the root. Default: 1e-8.
        weight_decay: 0 or more. Default: 0.
        decay_biases: whether weight decay reaches biases too. Default: True.
        clip_norm, clip_value: limits of the gradient, as `Optimizer` says. Default: None.
    Raises:
        ValueError: a number outside of its range.

    >>> st.Adagrad(0.1)
    Adagrad(learning_rate=0.1)
    """

    kind = "adagrad"

    def __init__(
        self,
        learning_rate=1e-2,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        decay_biases: bool = True,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ):
        super().__init__(learning_rate, 0.0, 0.0, epsilon, weight_decay, decay_biases, clip_norm, clip_value)

    def has_moment(self):
        return False

    def __repr__(self) -> str:
        usual = {"epsilon": 1e-8, "weight_decay": 0.0}
        return self.described(**{k: getattr(self, k) for k, v in usual.items() if getattr(self, k) != v})
