"""Names that every doctest may use."""

from __future__ import annotations

import signal

import hypothesis
import numpy
import pytest

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser):
    parser.addoption(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="where ops are tested: cuda is a GPU, or the executor that STRATE_CUDA_LIBRARY names",
    )


def pytest_configure(config):
    """With --device cuda every tensor of the harness lies there; without a device nothing runs.

    What a script starts in its background ignores Ctrl-C, and so would what the tests of it start, for ever.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
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
    reasons = {"cuda_only": "about a GPU"} if device == "cpu" else {"cpu_only": "about the CPU alone"}
    if device == "cpu" or on_executor():
        reasons["gpu"] = "needs a real GPU"
    for item in items:
        for marker, reason in reasons.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def on_executor() -> bool:
    """Whether the device is the executor of the tests, not a GPU."""
    from strate import _core

    return _core.cuda_name() == "executor"


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
