"""Functions to try `minimize` on, each giving its value and its gradient."""

from __future__ import annotations

import numpy as np

from strate.random import normal
from strate.tensor import empty

__all__ = ["SIX_HUMP_CAMEL_MINIMA", "Quadratic", "rosenbrock", "six_hump_camel"]

ROTATION = 0  # stream of random numbers

SIX_HUMP_CAMEL_MINIMA = (
    ((0.089842013100, -0.712656403021), -1.031628453490),
    ((-0.089842013100, 0.712656403021), -1.031628453490),
    ((1.703606714970, -0.796083568673), -0.215463824384),
    ((-1.703606714970, 0.796083568673), -0.215463824384),
    ((1.607104752920, 0.568651454884), 2.104250310311),
    ((-1.607104752920, -0.568651454884), 2.104250310311),
)
"""(theta, J(theta)) of the six local minima, to twelve decimals; the first two are global."""


def rosenbrock(theta) -> tuple[float, np.ndarray]:
    """J = sum over i of 100 (theta_{i+1} - theta_i^2)^2 + (1 - theta_i)^2 (lecture, p. 35).

    A curved valley with steep sides and a nearly flat floor; gradient descent zigzags along it. The usual
    start is (-1.2, 1). With two or three variables (1, ..., 1), where J = 0, is the only minimum.

    Args:
        theta: at least two numbers.
    Source:
        H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function", The
        Computer Journal 3(3), 1960.

    >>> value, gradient = st.functions.rosenbrock([-1.2, 1.0])
    >>> round(float(value), 9), gradient.round(9).tolist()
    (24.2, [-215.6, -88.0])
    """
    theta = vector(theta, "rosenbrock", at_least=2)
    left, right = theta[:-1], theta[1:]
    gap = right - left**2
    gradient = np.zeros_like(theta)
    gradient[:-1] = -400 * gap * left - 2 * (1 - left)
    gradient[1:] += 200 * gap
    return float((100 * gap**2 + (1 - left) ** 2).sum()), gradient


def six_hump_camel(theta) -> tuple[float, np.ndarray]:
    """J = (4 - 2.1 u^2 + u^4/3) u^2 + u v + 4 (v^2 - 1) v^2 for theta = (u, v), which has six basins.

    Where descent ends depends on where it starts (lecture, p. 36-38). `SIX_HUMP_CAMEL_MINIMA` lists the
    minima, three pairs of different depth, all within |u| <= 2, |v| <= 1.

    Source:
        L. C. W. Dixon, G. P. Szegő, "Towards Global Optimisation 2", North-Holland, 1978.

    >>> value, gradient = st.functions.six_hump_camel([1.0, 1.0])
    >>> round(float(value), 9), gradient.round(9).tolist()
    (3.233333333, [2.6, 9.0])
    """
    u, v = vector(theta, "six_hump_camel", exactly=2)
    value = (4 - 2.1 * u**2 + u**4 / 3) * u**2 + u * v + 4 * (v**2 - 1) * v**2
    return float(value), np.array([8 * u - 8.4 * u**3 + 2 * u**5 + v, u - 8 * v + 16 * v**3])


class Quadratic:
    """J = 1/2 (theta - minimum)^T A (theta - minimum), A symmetric with known eigenvalues.

    The largest eigenvalue is L, the Lipschitz constant of the gradient: a fixed step below 2/L converges if
    no eigenvalue is zero, a larger one diverges (lecture, p. 33).

    Args:
        eigenvalues: of A, 0 or more.
        minimum: where J is 0. Default: the origin.
        seed: of a random rotation of A's axes. Default: none, A is diagonal.
    Attributes:
        lipschitz: L.
        matrix: A.
        minimum: as given.
    Raises:
        ValueError: negative eigenvalues, a minimum of another length.

    >>> st.functions.Quadratic([1, 10]).lipschitz
    10.0
    """

    def __init__(self, eigenvalues, minimum=None, seed: int | None = None):
        values = vector(eigenvalues, "Quadratic", at_least=1)
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError(f"[Quadratic] eigenvalues are 0 or more; got eigenvalues={values.tolist()}")
        count = len(values)
        self.minimum = np.zeros(count) if minimum is None else vector(minimum, "Quadratic", exactly=count)
        self.lipschitz = float(values.max())
        self.matrix = np.diag(values)
        if seed is not None:
            axes = rotation(count, seed)
            self.matrix = axes @ self.matrix @ axes.T
            self.matrix = (self.matrix + self.matrix.T) / 2

    def __call__(self, theta) -> tuple[float, np.ndarray]:
        """J(theta) and its gradient A (theta - minimum)."""
        away = vector(theta, "Quadratic", exactly=len(self.minimum)) - self.minimum
        gradient = self.matrix @ away
        return float(away @ gradient / 2), gradient


def rotation(size: int, seed: int) -> np.ndarray:
    """A random orthogonal matrix."""
    numbers = empty((size, size), "float64")
    normal(numbers, 0.0, 1.0, seed, ROTATION)
    return np.linalg.qr(numbers.numpy())[0]


def vector(theta, where: str, at_least: int = 0, exactly: int | None = None) -> np.ndarray:
    """theta as a float64 vector of the right length."""
    theta = np.asarray(theta, np.float64)
    if theta.ndim != 1 or theta.size < at_least or exactly not in (None, theta.size):
        wanted = f"{exactly}" if exactly is not None else f"at least {at_least}"
        raise ValueError(f"[{where}] a vector of {wanted} numbers is needed; got shape={theta.shape}")
    return theta
