"""Weights whose spread depends on the number of inputs and outputs, so that signals keep their size.

Each is a variance; the uniform form draws from U(-sqrt(3 variance), sqrt(3 variance)), the normal
form from N(0, variance).
"""

from __future__ import annotations

from math import sqrt

from strate.initializers.initializer import Initializer
from strate.random import normal, uniform


class Scaled(Initializer):
    """Zero mean and a variance that follows from the fans."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Variance of a weight with so many inputs and outputs."""
        raise NotImplementedError(f"{type(self).__name__} has no variance(fan_in, fan_out)")


class _Uniform(Scaled):
    def fill(self, out, fan_in, fan_out, seed, stream):
        limit = sqrt(3 * self.variance(fan_in, fan_out))
        uniform(out, -limit, limit, seed, stream)


class _Normal(Scaled):
    def fill(self, out, fan_in, fan_out, seed, stream):
        normal(out, 0.0, sqrt(self.variance(fan_in, fan_out)), seed, stream)


class _Glorot(Scaled):
    def variance(self, fan_in, fan_out):
        return 2 / (fan_in + fan_out)


class _He(Scaled):
    def variance(self, fan_in, fan_out):
        return 2 / fan_in


class _LeCun(Scaled):
    def variance(self, fan_in, fan_out):
        return 1 / fan_in


class GlorotUniform(_Glorot, _Uniform):
    """w ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out)): for sigmoid and tanh (Glorot and Bengio, 2010)."""


class GlorotNormal(_Glorot, _Normal):
    """w ~ N(0, 2 / (fan_in + fan_out)): for sigmoid and tanh (Glorot and Bengio, 2010)."""


class HeUniform(_He, _Uniform):
    """w ~ U(-a, a), a = sqrt(6 / fan_in): for ReLU (He et al., 2015)."""


class HeNormal(_He, _Normal):
    """w ~ N(0, 2 / fan_in): for ReLU (He et al., 2015)."""


class LeCunUniform(_LeCun, _Uniform):
    """w ~ U(-a, a), a = sqrt(3 / fan_in) (LeCun et al., Efficient BackProp, 1998)."""


class LeCunNormal(_LeCun, _Normal):
    """w ~ N(0, 1 / fan_in) (LeCun et al., Efficient BackProp, 1998)."""
