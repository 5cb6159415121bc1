"""Recordings of the engine: kernels run again on the same memory."""

import pytest

import strate as st
from harness import cast, every_op_test, recorded, same_bits

pytestmark = pytest.mark.cpu_only

# Without those that answer yes or no.
OPS = {name: tests for name, tests in every_op_test().items() if not name.startswith("finite")}


def test_one_recording_at_a_time():
    first = st._core.CpuRecording()
    with pytest.raises(ValueError, match="recording already"):
        st._core.CpuRecording()
    first.end()
    x = st.ones((3, 2))
    second = st._core.CpuRecording()
    y = st._core.activation_forward(x, st.Activation("relu").kernel)
    second.end()
    x[...] = -2.0
    assert y.tolist() == [[1, 1]] * 3
    second.replay()
    assert y.tolist() == [[0, 0]] * 3 and second.whole and second.nbytes > 0


@pytest.mark.parametrize("name", OPS)
def test_every_op_replayed_after_all_free_memory_was_overwritten(name):
    tests = OPS[name]
    for case in tests.cases:
        eager, replayed = recorded(lambda case=case: tests.run(case, cast(case.arrays, "float32")))
        assert eager and same_bits(eager, replayed) == [] and eager.keys() == replayed.keys(), str(case)
