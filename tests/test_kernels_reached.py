"""Every kernel of every instruction set's table is run by some case of the harness."""

import pytest

from harness import cast, every_op_test, isa
from strate import _core


@pytest.mark.parametrize("instructions", _core.supported_isas())
def test_every_kernel_is_reached(instructions):
    _core.trace_kernels(True)
    try:
        with isa(instructions):
            names = set(_core.kernel_names())
            for tests in every_op_test().values():
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
