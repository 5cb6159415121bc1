"""The harness finds what it is there to find: each of these ops is wrong in one way."""

import numpy as np
import pytest

from harness import Case, OpTests, error, normal, rejects, results
from strate import _core

case = Case("square", {"x": normal(4, 5), "dy": normal(4, 5, seed=2)})


class Square(OpTests):
    gradients = {"x": "dx"}
    nan_inputs = ("x",)
    cases = [case]

    def run(self, case, arrays):
        return results(y=arrays["x"] ** 2, dx=2 * arrays["x"] * arrays["dy"])

    def oracle(self, case, arrays):
        return {"y": arrays["x"] ** 2}


def every_check(tests):
    tests.test_oracle(case)
    tests.test_gradients(case)
    for instructions in _core.supported_isas():
        tests.test_instruction_sets(case, instructions)
    tests.test_strided_inputs(case, "float32")
    tests.test_threads("float32")
    tests.test_nan(case, "float32")


def test_a_right_op_passes():
    every_check(Square())


def wrong(change):
    """Square, with its results changed."""

    class Wrong(Square):
        def run(self, case, arrays):
            found = super().run(case, arrays)
            change(found, arrays)
            return found

    return Wrong()


def off_by_little(found, arrays):
    found["y"].flat[3] += 1e-9


def gradient_of_one_element(found, arrays):
    found["dx"].flat[7] *= 1.001


def swallows_nan(found, arrays):
    found["y"][np.isnan(found["y"])] = 0


def spreads_nan(found, arrays):
    if np.isnan(found["y"]).any():
        found["y"][:] = np.nan


def writes_its_input(found, arrays):
    arrays["x"][0, 0] = 5


def depends_on_strides(found, arrays):
    if not arrays["x"].flags.c_contiguous:
        found["y"].flat[0] = np.nextafter(found["y"].flat[0], np.float32(9))


def depends_on_threads(found, arrays):
    if _core.num_threads() == 7:
        found["dx"].flat[0] = np.nextafter(found["dx"].flat[0], np.float32(9))


def depends_on_the_set(found, arrays):
    if _core.isa() != _core.supported_isas()[0]:
        found["y"] += 1e-6


def loses_precision_in_float32(found, arrays):
    if arrays["x"].dtype == np.float32:
        found["y"] = found["y"].astype(np.float16).astype(np.float32)


@pytest.mark.parametrize(
    "change",
    [
        off_by_little,
        gradient_of_one_element,
        swallows_nan,
        spreads_nan,
        writes_its_input,
        depends_on_strides,
        depends_on_threads,
        depends_on_the_set,
        loses_precision_in_float32,
    ],
)
def test_a_wrong_op_fails(change):
    if change is depends_on_the_set and len(_core.supported_isas()) == 1:
        pytest.skip("this machine has one instruction set")
    with pytest.raises(AssertionError):
        every_check(wrong(change))


def test_kinks_are_left_out_but_not_everywhere():
    class Absolute(Square):
        def run(self, case, arrays):
            return results(y=np.abs(arrays["x"]), dx=np.sign(arrays["x"]) * arrays["dy"])

    arrays = {"x": normal(4, 5), "dy": normal(4, 5, seed=2)}
    arrays["x"].flat[3] = 0
    Absolute().test_gradients(Case("one-kink", arrays))
    with pytest.raises(AssertionError, match="kinks at most places"):
        Absolute().test_gradients(Case("all-kinks", {"x": np.zeros((4, 5)), "dy": arrays["dy"]}))


def test_error():
    assert error(np.array([1.0, 2.0]), np.array([1.0, 4.0])) == 0.5
    assert error(np.array([np.nan, 1]), np.array([np.nan, 1])) == 0
    assert error(np.array([np.nan, 1]), np.array([1.0, 1])) == np.inf
    assert error(np.array([np.inf]), np.array([-np.inf])) == np.inf
    assert error(np.zeros(3), np.zeros(2)) == np.inf
    assert error(np.zeros(0), np.zeros(0)) == 0


def test_rejects_wants_the_exact_kind_and_the_op():
    def fail(kind, text):
        raise kind(text)

    rejects(ValueError, "rule", lambda: fail(ValueError, "[op] rule"))
    with pytest.raises(AssertionError):
        rejects(ValueError, "rule", lambda: fail(ValueError, "rule"))
    with pytest.raises(AssertionError):
        rejects(LookupError, "rule", lambda: fail(IndexError, "[op] rule"))
