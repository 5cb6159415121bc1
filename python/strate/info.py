"""What this installation is and may use: version, instruction sets, threads, memory, CUDA."""

from __future__ import annotations

from strate import _core
from strate._core import (
    convolution,
    isa,
    memory,
    num_threads,
    release_memory,
    set_convolution,
    set_num_threads,
    supported_isas,
)
from strate.version import __version__

__all__ = [
    "Info",
    "check_device",
    "convolution",
    "info",
    "isa",
    "memory",
    "num_threads",
    "release_memory",
    "set_convolution",
    "set_num_threads",
    "supported_isas",
]


class Info(dict):
    """A dictionary of facts that prints itself, one fact a line."""

    def __repr__(self) -> str:
        width = max(map(len, self))
        return "\n".join(f"{key.ljust(width)}  {value}" for key, value in self.items())


def info() -> Info:
    """Version, instruction sets, threads, choice of convolution, memory, and the CUDA device or why none.

    >>> from strate.info import info
    >>> info()["version"] == st.__version__
    True
    """
    held = memory()
    return Info(
        version=__version__,
        isa=isa(),
        supported_isas=", ".join(supported_isas()),
        threads=num_threads(),
        convolution=convolution(),
        memory=", ".join(f"{key} {value / 2**20:.1f} MiB" for key, value in held.items()),
        cuda=_core.cuda_unavailable() or _core.cuda_name(),
    )


def memory_left() -> int:
    """Bytes of the CUDA device that a model may still use."""
    return _core.cuda_memory()["free"]


def check_device(device: str) -> str:
    """`device` if this build can compute on it.

    Raises:
        ValueError: a device other than "cpu" and "cuda".
        RuntimeError: "cuda" where it is not available, with the reason.
    """
    if device not in ("cpu", "cuda"):
        raise ValueError(f'a device is "cpu" or "cuda"; got device={device!r}')
    if device == "cuda" and _core.cuda_unavailable():
        raise RuntimeError(_core.cuda_unavailable())
    return device
