from __future__ import annotations

from strate import _core
from strate.tensor import as_tensor


def count_correct(y, target) -> int:
    """Samples whose largest output stands at the target's class; the first of equals counts.

    Args:
        y: (..., classes).
        target: whole numbers (...), or (..., classes) one-hot.

    >>> st.ops.count_correct(st.tensor([[0.1, 0.9], [0.8, 0.2]]), st.tensor([1, 1]))
    1
    """
    return _core.count_correct(as_tensor(y), as_tensor(target))
