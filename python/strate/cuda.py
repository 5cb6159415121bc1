"""The CUDA device: whether there is one, its memory, how it multiplies, and recorded work.

>>> st.cuda.is_available() or st.cuda.why_not() != ""
True
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from strate import _core
from strate._core import (
    Later,
    Recording,
    Transfer,
    copy_unless,
    multiply,
    pass_on_flag,
    pinned,
    report,
    set_multiply,
)
from strate._core import cuda_memory as memory
from strate._core import cuda_name as name
from strate._core import cuda_release_memory as release_memory
from strate._core import cuda_synchronize as synchronize
from strate._core import cuda_unavailable as why_not

__all__ = [
    "LATEST",
    "PRECISIONS",
    "Later",
    "Recording",
    "Transfer",
    "copy_unless",
    "is_available",
    "memory",
    "multiply",
    "multiplying",
    "name",
    "pass_on_flag",
    "pinned",
    "record",
    "release_memory",
    "report",
    "set_multiply",
    "synchronize",
    "why_not",
]

LATEST = 8  # steps that the host may be behind the device
PRECISIONS = ("float32", "tf32", "bf16")


def is_available() -> bool:
    """Whether tensors can be put on "cuda"; `why_not()` gives the reason."""
    return not why_not()


@contextlib.contextmanager
def multiplying(precision: str | None) -> Iterator[None]:
    """Within the block the device multiplies float32 this way; None changes nothing."""
    before = multiply()
    set_multiply(precision or before)
    try:
        yield
    finally:
        set_multiply(before)


def record(work) -> tuple[Recording, object]:
    """What `work()` queues on the device, recorded instead of run, and what it returns.

    `recording.replay()` runs it, as often as wanted, on the same memory. `work` must not read the
    device's memory on the host, nor copy from host memory.

    Raises:
        RuntimeError: it did; nothing is recorded then.
    """
    _core.begin_capture()
    try:
        returned = work()
    except BaseException:
        _core.abandon_capture()
        raise
    return _core.end_capture(), returned
