"""What the tests of the engine share: other processes, and whether the allocator keeps memory."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

NUMPY_OF = {
    "float32": "f4",
    "float64": "f8",
    "int32": "i4",
    "int64": "i8",
    "uint8": "u1",
    "bool": "?",
}


@pytest.fixture(params=sorted(NUMPY_OF))
def dtype(request) -> str:
    """Each element type in turn."""
    return request.param


@pytest.fixture(scope="session")
def run_python():
    """Runs code in a new interpreter with the given environment variables; returns what it prints."""

    def run(code: str, *options: str, **variables: str) -> str:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("STRATE_")} | variables
        done = subprocess.run(
            [sys.executable, *options, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    return run


@pytest.fixture
def caching() -> None:
    """For tests of reuse: under the address sanitizer every block goes back to the system at once."""
    if hasattr(ctypes.CDLL(None), "__asan_init"):
        pytest.skip("the address sanitizer is loaded: its builds keep no memory for reuse")
