from __future__ import annotations

from strate.initializers.scaled import _Uniform


class FanInUniform(_Uniform):
    """w ~ U(-limit / fan_in, limit / fan_in): as LeNet-5 was started (LeCun et al., 1998, appendix A).

    Args:
        limit: of a unit with one input. Default: 2.4.
    """

    def __init__(self, limit: float = 2.4):
        if not limit > 0:
            raise ValueError(f"FanInUniform: limit is above 0; got limit={limit}")
        self.limit = float(limit)

    def variance(self, fan_in, fan_out):
        return (self.limit / fan_in) ** 2 / 3
