"""Every kernel of every instruction set's table is run by some case of the harness."""

import importlib.util
import inspect
from pathlib import Path

import pytest

from harness import OpTests, cast, isa
from strate import _core


def op_tests():
    """The harness classes of tests/ops, each with its own run()."""
    for path in sorted(Path(__file__).parent.glob("ops/test_*.py")):
        spec = importlib.util.spec_from_file_location("reached_" + path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, OpTests) and hasattr(found, "cases"):
                yield found()


@pytest.mark.parametrize("instructions", _core.supported_isas())
def test_every_kernel_is_reached(instructions):
    _core.trace_kernels(True)
    try:
        with isa(instructions):
            names = set(_core.kernel_names())
            for tests in op_tests():
                for case in tests.cases:
                    for dtype in ("float32", "float64"):
                        tests.run(case, cast(case.arrays, dtype))
            reached = set(_core.kernels_reached())
    finally:
        _core.trace_kernels(False)
    assert reached <= names
    assert sorted(names - reached) == []


def test_a_kernel_that_nobody_calls_is_missed():
    _core.trace_kernels(True)
    try:
        assert _core.kernels_reached() == []
        _core.all_finite(_core.zeros((3,)))
        assert _core.kernels_reached() == ["finite.all float32"]
    finally:
        _core.trace_kernels(False)
