"""Every op recorded: its launches hold no pointer to memory that the recording does not keep."""

import pytest

from harness import cast, every_op_test, normal, recorded, results, same_bits, tensor
from strate import _core

TESTS = every_op_test(on_device=True)
ANSWERS = [name for name in TESTS if name.startswith("finite")]  # the host waits for a yes


@pytest.mark.parametrize("name", [name for name in TESTS if name not in ANSWERS])
def test_the_same_bits(name):
    """After all memory that nobody has was overwritten."""
    tests = TESTS[name]
    for case in tests.cases:
        eager, replayed = recorded(lambda case=case: tests.run(case, cast(case.arrays, "float32")))
        assert eager and same_bits(eager, replayed) == [] and eager.keys() == replayed.keys(), str(case)


@pytest.mark.parametrize("name", ANSWERS)
def test_what_answers_the_host_is_refused(name):
    tests = TESTS[name]
    case = next(case for case in tests.cases if all(array.size for array in case.arrays.values()))
    with pytest.raises(RuntimeError, match="reads device memory on the host cannot be captured"):
        recorded(lambda: tests.run(case, cast(case.arrays, "float32")))


@pytest.mark.parametrize("freed", [True, False])
def test_an_op_that_keeps_a_pointer_to_a_freed_block_is_found(freed):
    kept, runs = [tensor(normal(3, 5))], []

    def run():
        add = _core.Combine("add", _core.Activation("identity"))
        y = _core.combine_forward(tensor(normal(3, 5, seed=2)), kept[0], add)
        runs.append(y.shape)
        if freed and len(runs) == 2:  # the recorded one
            kept.clear()
        return results(y=y)

    assert same_bits(*recorded(run)) == (["y"] if freed else [])
