from __future__ import annotations

from strate.initializers.initializer import Initializer
from strate.random import uniform


class SmallUniform(Initializer):
    """w ~ U(-limit, limit): the small random values of the lecture (p. 41, 51).

    Args:
        limit: the largest magnitude. Default: 0.05.
    """

    def __init__(self, limit: float = 0.05):
        if not limit > 0:
            raise ValueError(f"SmallUniform: limit is above 0; got limit={limit}")
        self.limit = float(limit)

    def fill(self, out, fan_in, fan_out, seed, stream):
        uniform(out, -self.limit, self.limit, seed, stream)
