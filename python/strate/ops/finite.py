from __future__ import annotations

from strate import _core
from strate.tensor import Tensor, as_tensor


def all_finite(x) -> bool:
    """Whether no element is NaN or infinite.

    >>> st.ops.all_finite(st.tensor([1.0, float("nan")]))
    False
    """
    return _core.all_finite(as_tensor(x))


def take_nonfinite(x: Tensor) -> bool:
    """Whether a kernel has written NaN or infinity to the memory of x since this was last asked.

    Losses and the gradients of weights keep such a flag, so that a training step costs no scan.

    >>> loss, dy = st.ops.squared_error(st.tensor([[1e200]]), st.tensor([[-1e200]]))
    >>> st.ops.take_nonfinite(loss), st.ops.take_nonfinite(loss)
    (True, False)
    """
    return _core.take_nonfinite(x)
