"""Which filter of a convolution sees which channel."""

from __future__ import annotations

from math import sqrt

import numpy as np

from strate import _core
from strate.initializers import Initializer, Scaled
from strate.tensor import Tensor, tensor

ORDER, BACK = (1, 2, 3, 0), (3, 0, 1, 2)  # the weight to its order in memory, and back


class Connections:
    """A table of true and false, (filters, channels).

    Attributes:
        rows: the table as lists of 0 and 1, plain JSON.
        count: how many channels all filters see together.
    """

    def __init__(self, table, filters: int, groups: int):
        if isinstance(table, Connections):
            table = table.rows
        table = np.asarray(table)
        if table.ndim != 2 or len(table) != filters:
            raise ValueError(
                f"connections is a table ({filters}, channels) of true and false; got shape={table.shape}"
            )
        if not np.isin(table, (0, 1)).all():
            wrong = table[~np.isin(table, (0, 1))][0]
            raise ValueError(f"connections is a table of true and false, or 1 and 0; got {wrong} in it")
        if groups != 1:
            raise ValueError(f"connections go without groups; got groups={groups}")
        self.table = table.astype(bool)
        if not self.table.any(1).all():
            blind = int(self.table.any(1).argmin())
            raise ValueError(f"every filter sees a channel; filter {blind} sees none")
        self.rows = self.table.astype(int).tolist()
        self.count = int(self.table.sum())
        self._masks: dict[tuple[str, str], Tensor] = {}

    def check(self, channels: int) -> None:
        """A ValueError unless the table has a column for each channel."""
        if self.table.shape[1] != channels:
            raise ValueError(
                "connections has a column for each channel; "
                f"got shape={self.table.shape}, channels={channels}"
            )

    def fans(self, field: int) -> tuple[int, int]:
        """(inputs of an output, outputs of an input), on average over filters and channels."""
        filters, channels = self.table.shape
        return max(1, field * self.count // filters), max(1, field * self.count // channels)

    def initializer(self, init: Initializer) -> Initializer:
        """`init`, with zeros where there is no connection, and each filter scaled by its own fan-in."""
        return Connected(init, self.table)

    def masked(self, weight: Tensor) -> Tensor:
        """A copy of the weight that is zero where there is no connection."""
        return _core.mask(weight.transpose(ORDER), self._mask(weight)).transpose(BACK)

    def clear(self, dweight: Tensor) -> None:
        """Zero where there is no connection, so that no optimiser moves those weights."""
        flat = dweight.transpose(ORDER)
        _core.mask(flat, self._mask(dweight), flat)

    def _mask(self, like: Tensor) -> Tensor:
        kind = dtype, device = like.dtype, like.device
        if kind not in self._masks:
            self._masks[kind] = tensor(np.ascontiguousarray(self.table.T, dtype), dtype, device)
        return self._masks[kind]

    def __repr__(self) -> str:
        return repr(self.rows)


class Connected(Initializer):
    """Another initialiser's values, zero where a filter does not see a channel.

    Where the spread follows from the fan-in, a filter that sees few channels gets larger weights.
    """

    def __init__(self, init: Initializer, table: np.ndarray):
        self.init, self.table = init, table

    def fill(self, out, fan_in, fan_out, seed, stream):
        self.init.fill(out, fan_in, fan_out, seed, stream)
        scale = self.table.astype(np.float64)
        if isinstance(self.init, Scaled):
            field = out.shape[1] * out.shape[2]
            for filter, seen in enumerate(self.table.sum(1)):
                own = self.init.variance(field * int(seen), fan_out)
                scale[filter] *= sqrt(own / self.init.variance(fan_in, fan_out))
        out.copy_from((out.numpy() * scale[:, None, None, :]).astype(out.dtype))
