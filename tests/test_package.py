"""The package's face: names, cost of import, version, facts."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import strate as st


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_every_public_name_exists_once():
    assert len(set(st.__all__)) == len(st.__all__)
    for name in st.__all__:
        assert getattr(st, name) is not None
    assert set(st.__all__) <= set(dir(st))
    with pytest.raises(AttributeError, match="no attribute 'Denze'"):
        st.Denze  # noqa: B018


def test_import_loads_numpy_and_nothing_else_that_costs():
    code = "import sys, numpy; before = set(sys.modules); import strate; print(*set(sys.modules) - before)"
    loaded = {name.partition(".")[0] for name in run(code).split()} - {"strate"}
    heavy = {"safetensors", "tqdm", "matplotlib", "PIL", "pooch", "json", "subprocess", "asyncio", "pydoc"}
    assert not loaded & heavy
    assert len(loaded - set(sys.stdlib_module_names)) == 0


def test_the_version_is_that_of_the_project():
    assert re.fullmatch(r"\d+\.\d+\.\d+", st.__version__)


def test_info_prints_facts():
    facts = st.info()
    assert facts["version"] == st.__version__
    assert facts["isa"] in facts["supported_isas"]
    assert facts["threads"] == st.num_threads() >= 1
    assert "CUDA" in facts["cuda"]
    assert repr(facts).splitlines()[0].split() == ["version", st.__version__]


def test_threads_and_memory():
    before = st.num_threads()
    try:
        st.set_num_threads(3)
        assert st.num_threads() == 3
        with pytest.raises(ValueError):
            st.set_num_threads(0)
    finally:
        st.set_num_threads(before)
    tensor = st.zeros((1000, 1000))
    assert st.memory()["used"] >= tensor.nbytes
    del tensor
    st.release_memory()
    assert set(st.memory()) >= {"held", "used", "peak"}


def test_ones_and_tensors_of_every_dtype():
    for dtype in ("float32", "float64", "int32", "int64", "uint8", "bool"):
        ones = st.ones((2, 3), dtype)
        assert (ones.shape, ones.dtype) == ((2, 3), dtype)
        assert ones.numpy().all()
