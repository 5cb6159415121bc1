"""The instruction sets: which one runs, how one is forced, and that all of them work here."""

from __future__ import annotations

import numpy as np
import pytest

from strate import _core

KNOWN = ("baseline", "avx2", "avx512", "neon")

WORK = """
import numpy as np
from strate import _core
_core.trace_kernels(True)
x, weight = np.ones((4, 3), "f4"), np.ones((2, 3), "f4")
y = _core.dense_forward(_core.tensor(x), _core.tensor(weight), None, _core.Activation("relu"))
assert (y.numpy() == 3).all() and _core.kernels_reached()
print(_core.isa())
"""


def test_supported_sets_are_known_and_end_with_the_best():
    supported = _core.supported_isas()
    assert supported[0] == "baseline" and set(supported) <= set(KNOWN)
    assert supported == sorted(supported, key=KNOWN.index)


@pytest.mark.parametrize("name", KNOWN)
def test_a_forced_set_is_the_one_that_runs(run_python, name):
    if name in _core.supported_isas():
        assert run_python(WORK, STRATE_ISA=name) == name
    else:
        attempt = f"{TRY}\nattempt(_core.isa)"
        text = run_python(attempt, STRATE_ISA=name)
        assert text.startswith(f"ValueError: [isa] STRATE_ISA={name} is not supported by this ")
        assert text.endswith("; it has " + ", ".join(_core.supported_isas()))


TRY = """
from strate import _core

def attempt(call):
    try:
        print("no error:", call())
    except ValueError as error:
        print(f"ValueError: {error}")
"""


@pytest.mark.parametrize("name", ["sse9", "AVX2", "avx", " avx2", "avx2,avx512"])
def test_an_unknown_set_is_an_error(run_python, name):
    expected = f"ValueError: [isa] an instruction set is baseline, avx2, avx512 or neon; got '{name}'"
    assert run_python(f"{TRY}\nattempt(_core.isa)", STRATE_ISA=name) == expected
    ones = "_core.full((2, 2), 1.0)"
    call = f"lambda: _core.dense_forward({ones}, {ones}, None, _core.Activation('identity'))"
    assert run_python(f"{TRY}\nattempt({call})", STRATE_ISA=name) == expected


def test_the_best_set_is_the_default(run_python):
    best = _core.supported_isas()[-1]
    assert run_python(WORK) == best
    assert run_python(WORK, STRATE_ISA="") == best


def test_sets_can_be_changed_while_running():
    before = _core.isa()
    try:
        for name in _core.supported_isas():
            _core.set_isa(name)
            assert _core.isa() == name
    finally:
        _core.set_isa(before)
    for name in set(KNOWN) - set(_core.supported_isas()):
        with pytest.raises(ValueError, match=f"{name} is not supported here; this machine has baseline"):
            _core.set_isa(name)
    with pytest.raises(ValueError, match="got 'best'"):
        _core.set_isa("best")
    assert _core.isa() == before


def test_the_sets_agree_on_small_whole_numbers():
    x = np.arange(-8.0, 22.0, dtype="f4").reshape(5, 6)
    weight = np.arange(18.0, dtype="f4").reshape(3, 6)
    before = _core.isa()
    try:
        for name in _core.supported_isas():
            _core.set_isa(name)
            y = _core.dense_forward(_core.tensor(x), _core.tensor(weight), None, _core.Activation("identity"))
            np.testing.assert_array_equal(y.numpy(), x @ weight.T, err_msg=name)
    finally:
        _core.set_isa(before)


def test_every_kernel_of_a_table_has_a_name():
    names = _core.kernel_names()
    assert len(names) == len(set(names)) > 20
    assert {name.rpartition(" ")[2] for name in names} == {"float32", "float64"}


def test_tracing_notes_what_ran_and_nothing_else():
    names = set(_core.kernel_names())
    _core.trace_kernels(True)
    try:
        assert _core.kernels_reached() == []
        _core.activation_forward(_core.full((7,), 2.0, "float64"), _core.Activation("tanh"))
        reached = _core.kernels_reached()
    finally:
        _core.trace_kernels(False)
    assert reached and set(reached) <= names
    assert all(name.endswith("float64") and name.startswith("activation") for name in reached)
