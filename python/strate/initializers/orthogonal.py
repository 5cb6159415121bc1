from __future__ import annotations

from math import isfinite

from strate._core import orthonormalize
from strate.initializers.initializer import Initializer
from strate.random import normal
from strate.shapes import elements
from strate.tensor import empty


class Orthogonal(Initializer):
    """A matrix whose shorter side is orthonormal: lengths survive being multiplied by it again and again.

    Normal numbers, made orthonormal row by row. An axis more than two counts as part of the second.

    Args:
        gain: factor of every weight. Default: 1.
    Source:
        A. M. Saxe, J. L. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in
        deep linear neural networks", ICLR 2014.
    """

    def __init__(self, gain: float = 1.0):
        self.gain = float(gain)
        if not isfinite(self.gain):
            raise ValueError(f"Orthogonal: gain is a finite number; got gain={gain}")

    def fill(self, out, fan_in, fan_out, seed, stream):
        if out.ndim < 2:
            raise ValueError(f"Orthogonal fills a matrix; got shape={out.shape}")
        rows, columns = out.shape[0], elements(out.shape[1:])
        matrix = empty((min(rows, columns), max(rows, columns)), "float64")
        normal(matrix, 0.0, 1.0, seed, stream)
        orthonormalize(matrix)
        values = matrix.numpy() * self.gain
        out.copy_from((values if rows <= columns else values.T).reshape(out.shape))
