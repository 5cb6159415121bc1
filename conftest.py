"""Names that every doctest may use."""

from __future__ import annotations

import numpy
import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="where ops are tested: cuda is a GPU, or the executor that STRATE_CUDA_LIBRARY names",
    )


def pytest_configure(config):
    """With --device cuda every tensor of the harness lies there; without a device nothing runs."""
    if config.getoption("--device") != "cuda":
        return
    import harness
    from strate import _core

    if _core.cuda_unavailable():
        raise pytest.UsageError(f"--device cuda: {_core.cuda_unavailable()}")
    harness.device = "cuda"
    _core.set_multiply("float32")


def pytest_collection_modifyitems(config, items):
    device = config.getoption("--device")
    other, reason = ("cpu_only", "about the CPU alone") if device == "cuda" else ("cuda_only", "about a GPU")
    for item in items:
        if item.get_closest_marker(other):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_report_header(config):
    if config.getoption("--device") != "cuda":
        return None
    from strate import _core

    return f"device: cuda, {_core.cuda_name()}"


@pytest.fixture(autouse=True)
def names_of_doctests(request):
    """`st` and `numpy`, for doctests only: an ordinary test imports what it needs."""
    if type(request.node).__name__ == "DoctestItem":
        import strate

        request.getfixturevalue("doctest_namespace").update(st=strate, numpy=numpy)
