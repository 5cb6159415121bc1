from __future__ import annotations

from strate.tensor import Tensor


def check_tensors(op: str, optional: str = "", **given) -> None:
    """A TypeError for an array in place of a tensor that an op changes: a copy of it would be changed.

    Args:
        op: name of the op.
        optional: the name that may be None.
        given: tensors by name.
    """
    for name, value in given.items():
        if not isinstance(value, Tensor) and not (value is None and name == optional):
            kind = type(value).__name__
            raise TypeError(f"[{op}] {name} is a Tensor, from_numpy(array) shares memory; got {kind}")
