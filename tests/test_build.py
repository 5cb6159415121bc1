"""What was compiled and packed. CI names the build folder and the wheel; elsewhere these tests are skipped.

STRATE_BUILD_DIR is a folder in which CMake built the extension, STRATE_WHEEL a wheel or its folder.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What compilers call on their own: no mathematics, nothing whose code depends on the machine that links it.
FROM_THE_C_LIBRARY = {"memcpy", "memset", "memmove", "memcmp", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}


@pytest.fixture(scope="module")
def build() -> Path:
    folder = os.environ.get("STRATE_BUILD_DIR")
    if not folder:
        pytest.skip("STRATE_BUILD_DIR does not name a build folder")
    return Path(folder)


def objects(build: Path, target: str) -> list[Path]:
    found = sorted(path for path in build.rglob("*.o") if f"{target}.dir" in path.parts)
    assert found, f"no objects of {target} in {build}"
    return found


def tool(*command) -> str:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout


# What is built depends on the architecture alone, not on what this processor supports.
BUILT = {"x86_64": ["baseline", "avx2", "avx512"], "aarch64": ["baseline", "neon"]}
SETS = BUILT.get(platform.machine(), ["baseline"])


@pytest.mark.parametrize("isa", SETS)
def test_what_was_compiled_for_a_set_stays_in_its_namespace(build, isa):
    """A shared inline function compiled for AVX-512 must never be the copy that the linker keeps."""
    strangers, foreign, own = set(), set(), set()
    for path in objects(build, f"kernels_{isa}"):
        for line in tool("nm", "-C", path).splitlines():
            kind, name = re.fullmatch(r"[0-9a-f]* +(\w) (.*)", line).groups()
            inside = name.startswith(f"strate::{isa}::")
            if kind == "U":
                foreign |= set() if inside else {name}
            elif kind.isupper() or kind in "uvw":
                (own if inside else strangers).add(name)
    assert strangers == set()
    assert foreign <= FROM_THE_C_LIBRARY
    assert any("fill" in name for name in own)


@pytest.mark.skipif("avx2" not in SETS, reason="registers of x86-64")
@pytest.mark.parametrize(
    ("target", "allowed"),
    [("strate_engine", "x"), ("_core", "x"), ("kernels_baseline", "x"), ("kernels_avx2", "xy")],
)
def test_registers_are_those_of_the_set(build, target, allowed):
    used = set()
    for path in objects(build, target):
        used |= set(re.findall(r"%([xyz])mm\d", tool("objdump", "-d", "--no-show-raw-insn", path)))
    assert used <= set(allowed)


def test_the_widest_registers_are_used(build):
    for isa, letter in {"avx2": "y", "avx512": "z"}.items():
        if isa in SETS:
            text = "".join(tool("objdump", "-d", path) for path in objects(build, f"kernels_{isa}"))
            assert text.count(f"%{letter}mm") > 1000


# ---- CMake


def configure(folder: Path, *more: str, **environment: str) -> subprocess.CompletedProcess:
    cmake = shutil.which("cmake")
    if not cmake:
        pytest.skip("cmake is not on the path")
    options = ["-DSTRATE_PYTHON=OFF", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *more]
    command = [cmake, "-S", str(ROOT), "-B", str(folder), *options]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


def said(done: subprocess.CompletedProcess) -> str:
    return re.sub(r"\s+", " ", done.stdout + done.stderr)


@pytest.fixture
def sources(build):
    if not (ROOT / "CMakeLists.txt").is_file():
        pytest.skip("the sources are not beside the tests")


@pytest.mark.parametrize(
    "flag",
    ["-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-ffinite-math-only", "-fassociative-math"],
)
def test_cmake_refuses_fast_math(sources, tmp_path, flag):
    done = configure(tmp_path, CXXFLAGS=f"-g {flag}")
    assert done.returncode != 0
    assert "strate cannot be built with -ffast-math" in said(done)


def test_cmake_refuses_fast_math_of_kernels(sources, tmp_path):
    done = configure(tmp_path, CUDAFLAGS="-use_fast_math")
    assert done.returncode != 0
    assert "strate cannot be built with -ffast-math" in said(done)


def test_flags_of_the_user_reach_every_file(sources, tmp_path):
    done = configure(tmp_path, "-DSTRATE_CUDA=OFF", CXXFLAGS="-DSTRATE_FLAG_OF_THE_USER -fno-plt")
    assert done.returncode == 0, done.stderr
    commands = json.loads((tmp_path / "compile_commands.json").read_text())
    assert len(commands) > 40
    for one in commands:
        assert "-DSTRATE_FLAG_OF_THE_USER" in one["command"] and "-fno-plt" in one["command"]
        assert "march=native" not in one["command"]


@pytest.fixture
def nvcc(tmp_path) -> Path:
    """A compiler that compiles nothing."""
    path = tmp_path / "nvcc"
    path.write_text("#!/bin/sh\necho out of order >&2\nexit 1\n")
    path.chmod(0o755)
    return path


def test_a_broken_nvcc_builds_without_cuda_and_says_so(sources, tmp_path, nvcc):
    done = configure(tmp_path / "build", "-DSTRATE_CUDA=AUTO", f"-DCMAKE_CUDA_COMPILER={nvcc}")
    assert done.returncode == 0, done.stderr
    assert f"CUDA: not built, {nvcc} does not compile" in said(done) and "out of order" in said(done)


def test_a_broken_nvcc_is_an_error_where_cuda_is_asked_for(sources, tmp_path, nvcc):
    done = configure(tmp_path / "build", "-DSTRATE_CUDA=ON", f"-DCMAKE_CUDA_COMPILER={nvcc}")
    assert done.returncode != 0
    assert "STRATE_CUDA=ON, but CUDA code cannot be compiled here" in said(done)
    assert "out of order" in said(done)


def test_a_misspelt_choice_is_an_error(sources, tmp_path):
    done = configure(tmp_path, "-DSTRATE_CUDA=yes")
    assert done.returncode != 0
    assert "STRATE_CUDA is AUTO, ON or OFF; got STRATE_CUDA=yes" in said(done)


# ---- the wheel


@pytest.fixture(scope="module")
def wheel() -> zipfile.ZipFile:
    named = os.environ.get("STRATE_WHEEL")
    if not named:
        pytest.skip("STRATE_WHEEL does not name a wheel")
    path = Path(named)
    if path.is_dir():
        (path,) = path.glob("strate-*.whl")
    return zipfile.ZipFile(path)


CUDA = "strate/libstrate_cuda.so"


def test_the_wheel_is_small(wheel):
    files = wheel.infolist()
    assert Path(wheel.filename).stat().st_size < 6_000_000
    assert sum(file.compress_size for file in files if file.filename != CUDA) < 2_000_000
    assert sum(file.file_size for file in files if file.filename != CUDA) < 6_000_000


def test_the_wheel_holds_the_cuda_library_that_was_built(build, wheel):
    assert (CUDA in wheel.namelist()) == (build / "cuda" / "libstrate_cuda.so").is_file()


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel):
    names = set(wheel.namelist())
    needed = {
        "py.typed",
        "_core.pyi",
        "data/digits.idx.gz",
        "data/digits.LICENSE.txt",
        "__init__.py",
        "cli/__init__.py",
    }
    assert {f"strate/{name}" for name in needed} <= names
    assert len([name for name in names if re.fullmatch(r"strate/_core\..*(so|pyd)", name)]) == 1
    assert {name.partition("/")[0] for name in names if "dist-info" not in name} == {"strate"}
    assert any(re.search(r"dist-info/(licenses/)?LICENSE$", name) for name in names)
    endings = {Path(name).suffix for name in names if "dist-info" not in name}
    assert endings <= {".py", ".pyi", ".typed", ".so", ".pyd", ".gz", ".txt"}


def test_the_wheel_holds_every_module(wheel):
    written = {str(path.relative_to(ROOT / "python")) for path in (ROOT / "python").rglob("*.py")}
    if not written:
        pytest.skip("the sources are not beside the tests")
    assert written == {name for name in wheel.namelist() if name.endswith(".py")}


def test_the_attribution_of_the_digits(wheel):
    text = wheel.read("strate/data/digits.LICENSE.txt").decode()
    assert "UCI" in text and "Alpaydin" in text
