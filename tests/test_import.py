"""What `import strate` loads: numpy and itself, nothing that is only needed now and then."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Used by some function or command, each imported there.
NEEDED_LATER = (
    *("tqdm", "safetensors", "matplotlib", "PIL", "pooch", "onnx", "torch", "requests", "urllib.request"),
    *("multiprocessing", "concurrent.futures", "argparse", "doctest", "ctypes.util"),
    *("strate.plot", "strate.data", "strate.zoo", "strate.cli", "strate.io", "strate.saving"),
)


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


@pytest.fixture(scope="module")
def added() -> set[str]:
    """Modules that strate loads beyond numpy's."""
    return loaded_by("import numpy, strate") - loaded_by("import numpy")


@pytest.mark.parametrize("name", NEEDED_LATER)
def test_import_leaves_it_for_later(added, name):
    assert {module for module in added if module == name or module.startswith(name + ".")} == set()


def test_other_packages_are_not_loaded(added):
    top = {module.partition(".")[0] for module in added}
    foreign = {name for name in top - sys.stdlib_module_names if not name.startswith("_")}
    assert foreign == {"strate"}


def test_what_is_left_for_later_can_be_had():
    for name in ("data", "plot", "zoo", "io"):
        assert f"strate.{name}" in loaded_by(f"import strate; strate.{name}")
