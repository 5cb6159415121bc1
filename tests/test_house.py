"""The plan of the house holds: mirrored names, includes and imports that point downwards, rooms not halls."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CPP, PYTHON = ROOT / "cpp", ROOT / "python" / "strate"
pytestmark = pytest.mark.skipif(not CPP.is_dir(), reason="the sources of the engine are not beside the tests")


def files(*patterns: str) -> list[Path]:
    """Source files by glob, relative to the root."""
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path.relative_to(ROOT) for path in found if "__pycache__" not in path.parts)


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def stems(pattern: str) -> set[str]:
    return {path.stem for path in files(pattern)}


def cmake_list(name: str) -> list[str]:
    return re.search(rf"set\({name}\n(.*?)\)", read(Path("cpp/CMakeLists.txt")), re.S)[1].split()


OPS = cmake_list("STRATE_OPS") if CPP.is_dir() else []

# What several ops share, with who needs it.
SHARED_OPS = {
    "adaptive_numbers": "adaptive: the numbers of a step, for the kernels of both devices",
    "batch_norm_backward": "batch_norm: its gradients on the CPU",
    "batch_norm_fold": "batch_norm: its inference folded into the layer before",
    "batch_norm_parts": "batch_norm: terms of the channels and loops over rows, for both directions",
    "conv2d_pooled": "conv2d: with max-pooling behind it",
    "conv2d_winners": "conv2d: its gradients through max-pooling, from the winners alone",
    "conv2d_winograd": "conv2d: the 3x3 case by Winograd's transforms",
    "conv2d_winograd_forward": "conv2d: blocks of tiles from x to y, also for the gradient of the input",
    "conv2d_winograd_gradients": "conv2d: both gradients by Winograd's transforms in one pass",
    "conv2d_winograd_tiles": "conv2d: the tiles of Winograd's transforms, in memory and in the image",
    "conv2d_winograd_weight": "conv2d: the gradient of the weights by Winograd's transforms",
    "column_sums": "global_average_pool2d, sub_sample2d, combine: sums over rows on a device",
    "convolution": "conv2d, conv2d_transpose: the implicit matrix of a convolution and its blocks",
    "chunks": "dense, conv2d: sums that are cut by shape, and added in their order",
    "convolution_bands": "conv2d, conv2d_transpose: that product in bands of rows, and what they see",
    "convolution_columns": "conv2d, conv2d_transpose: that product a column of taps at a time",
    "convolution_filters": "conv2d, conv2d_transpose: the weights as that product reads them",
    "convolution_forward": "conv2d, conv2d_transpose: that product, forward",
    "convolution_groups": "conv2d, conv2d_transpose: small groups, of which several are taken together",
    "convolution_images": "conv2d, conv2d_transpose: that product where outputs are few",
    "convolution_input": "conv2d, conv2d_transpose: that product, gradient of the input",
    "convolution_scatter": "conv2d, conv2d_transpose: products of dz added where their taps lie",
    "convolution_unfolded": "conv2d, conv2d_transpose: that product where outputs are few and weights many",
    "convolution_weight": "conv2d, conv2d_transpose: that product, gradient of the weights",
    "convolution_weight_plan": "conv2d, conv2d_transpose: how that gradient is cut into tasks",
    "cuda": "all: the device switch",
    "cuda_table": "all: the table of what a CUDA device provides",
    "grid": "dense, conv2d: a matrix cut into tasks, by shape alone",
    "loss": "squared_error, cross_entropy: sums in fixed chunks, the flag of non-finite values",
    "operands": "dense, conv2d: checks of element types and memory orders",
    "per_channel": "the normalisations: checks of tensors with a number for each channel",
    "pool2d": "max_pool2d, average_pool2d: geometry of the windows",
    "product": "dense, conv2d: matrix product over blocks and threads",
    "product_backward": "dense, conv2d: both gradients of a product",
    "product_packed": "dense, conv2d: a large product, its operands in panels",
    "row_split": "batch_norm: rows folded to the width of registers, sums over them in fixed chunks",
    "rows": "gather, augment: rows of a data set by index",
    "scratch": "dense, conv2d, local_response_norm: the part of a workspace that a worker has for itself",
    "segments": "sgd, adaptive, gradient_norm: the trained parts of flat buffers",
    "weighted": "dense, conv2d, conv2d_transpose: checks of weight, bias and their gradients",
}
SHARED_BINDINGS = {
    "cuda", "dlpack", "errors", "index", "info", "module", "number", "random", "recording", "tensor",
    "transfer",
}  # fmt: skip


def test_the_list_of_ops_is_sorted_and_bound():
    assert sorted(OPS) == OPS and len(OPS) > 10
    module = read(Path("cpp/bind/module.cpp"))
    assert [op for op in OPS if f"bind_{op}(m);" not in module] == []


@pytest.mark.parametrize("op", OPS)
def test_one_name_finds_everything(op):
    mirrored = [
        f"cpp/ops/{op}.h",
        f"cpp/ops/{op}.cpp",
        f"cpp/bind/{op}.cpp",
        f"tests/ops/test_{op}.py",
        f"bench/ops/bench_{op}.cpp",
    ]
    assert [path for path in mirrored if not (ROOT / path).is_file()] == []


def test_no_file_stands_outside_the_list():
    assert stems("cpp/ops/*") - set(OPS) == set(SHARED_OPS)
    assert stems("cpp/bind/*.cpp") - set(OPS) == SHARED_BINDINGS
    tests = stems("tests/ops/test_*.py")
    assert tests >= {f"test_{op}" for op in OPS}
    assert tests <= {f"test_{op}" for op in (*OPS, *SHARED_OPS)}
    assert stems("bench/ops/*") == {f"bench_{op}" for op in OPS}
    assert stems("cpp/kernels/*.cpp") - {"dispatch"} == set(cmake_list("kernels"))
    assert stems("tests/core/test_*.py") <= {
        *("test_tensor", "test_numpy", "test_indexing", "test_dlpack", "test_allocator", "test_threads"),
        *("test_concurrency", "test_isa", "test_random", "test_recording", "test_sharing", "test_stubs"),
    }


# ---- C++: who includes whom

FLOORS = {"core": 0, "simd": 1, "kernels": 2, "ops": 3, "bind": 4}
SOURCES = files("cpp/*/*.h", "cpp/*/*.cpp")
KERNELS = [path for path in SOURCES if path.parts[1] in ("simd", "kernels") and path.stem != "dispatch"]


def includes(path: Path, quotes: str) -> list[str]:
    return re.findall(rf"^\s*#\s*include\s*{quotes[0]}([^{quotes[1]}]+){quotes[1]}", read(path), re.M)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_includes_point_downwards(path):
    floor = FLOORS[path.parts[1]]
    included = includes(path, '""')
    assert {name.partition("/")[0] for name in included} <= set(FLOORS), "written from cpp/: core/tensor.h"
    assert [name for name in included if FLOORS[name.partition("/")[0]] > floor] == []


@pytest.mark.parametrize("path", KERNELS, ids=str)
def test_kernels_know_pointers_and_sizes(path):
    """No tensor, no threads, no allocation, and no inline function of the standard library: a copy of it
    compiled for AVX-512 must never be the one that the linker keeps."""
    core = {name for name in includes(path, '""') if name.startswith("core/")}
    assert core <= {f"core/{name}.h" for name in ("activation_kind", "bfloat16", "device_code", "philox")}
    assert set(includes(path, "<>")) <= {"cstdint", "utility", "immintrin.h", "arm_neon.h"}
    text = re.sub(r"//.*", "", read(path))
    used = set(re.findall(r"std::(\w+)", text))
    assert used <= {"integer_sequence", "make_integer_sequence", "index_sequence", "make_index_sequence"}
    assert re.findall(r"\b(new|delete|malloc|free|throw|try|catch|static_assert\(false)\b", text) == []


def test_only_the_bindings_know_pybind11():
    assert [path for path in SOURCES if "pybind11" in read(path) and path.parts[1] != "bind"] == []
    assert [path for path in SOURCES if "Python.h" in read(path)] == []


# Where a processor or an instruction set may be asked for outside cpp/simd.
ASKS_FOR_A_PROCESSOR = {
    "cpp/core/isa.cpp": "finds out what the processor has",
    "cpp/core/float_mode.h": "the control register of floating point",
    "cpp/core/parallel.cpp": "the pause instruction of a waiting loop",
    "cpp/kernels/dispatch.cpp": "the one table: which sets were compiled in",
}
MACHINES = "__AVX|__SSE|__FMA|__F16C|__ARM|__aarch64|__x86_64|__i386|STRATE_HAS_"
PROCESSOR = re.compile(rf"^\s*#\s*(?:if|elif|ifdef|ifndef)\b.*(?:{MACHINES})", re.M)


def test_no_condition_on_the_processor_outside_simd():
    asking = {str(path) for path in SOURCES if PROCESSOR.search(read(path))}
    assert {path for path in asking if not path.startswith("cpp/simd/")} == set(ASKS_FOR_A_PROCESSOR)


# The same kernels for nvcc and for the executor of the tests: only what the two spell differently asks.
CUDA = files("cuda/**/*.h", "cuda/**/*.cu", "cuda/**/*.cpp")
EXECUTOR = files("tests/cuda_executor/*.h", "tests/cuda_executor/*.cu", "tests/cuda_executor/*.cpp")
SPELLS_CUDA = {"cuda/core/cuda.h", "cuda/core/instructions.h"}
ASKS_FOR_CUDA = {"cpp/core/device_code.h", *SPELLS_CUDA}


def test_no_condition_on_cuda():
    asking = [path for path in [*SOURCES, *CUDA] if re.search(r"^\s*#\s*(if|elif).*CUDA", read(path), re.M)]
    assert {str(path) for path in asking} == ASKS_FOR_CUDA


def test_the_executor_is_known_to_tests_only():
    knowing = [path for path in [*SOURCES, *CUDA] if re.search(r"\bexecutor(::|\.h)", read(path))]
    assert {str(path) for path in knowing} == SPELLS_CUDA


HEADERS = [path for path in [*SOURCES, *CUDA, *EXECUTOR] if path.suffix == ".h"]


@pytest.mark.parametrize("path", HEADERS, ids=str)
def test_a_header_says_what_it_is(path):
    text = read(path)
    assert text.startswith("//") and text.count("#pragma once") == 1


def test_no_flag_chooses_the_machine_that_builds():
    for path in files("CMakeLists.txt", "*/CMakeLists.txt", "pyproject.toml"):
        assert "march=native" not in read(path) and "mtune=native" not in read(path)


# ---- Python: who imports whom

PACKAGES = {
    5: "tensor ops random info layers losses optim metrics initializers schedules "
    "config cuda geometry programs shapes version functions",
    6: "root model sequential captured recorded train train_on_batch callbacks history progress interrupt "
    "judge step forward nonfinite mixed gradients batches staging summary saving descent data io ensemble",
    7: "zoo plot lecture cli __main__ __init__",
}
FLOOR_OF = {name: floor for floor, names in PACKAGES.items() for name in names.split()}
MODULES = files("python/strate/**/*.py")


def package(path: Path) -> str:
    """The name right below strate: layers for layers/dense.py, model for model.py."""
    return path.parts[2].removesuffix(".py")


def imported(path: Path, at_import: bool = False) -> set[str]:
    """Full names of the modules of strate that a file imports; `at_import`: at its top level only."""
    tree = ast.parse(read(path))
    nodes = tree.body if at_import else ast.walk(tree)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = path.with_suffix("").parts[1 : -node.level or None] if node.level else ()
            module = ".".join([*parents, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == "strate"}


def test_every_module_has_a_floor():
    assert {package(path) for path in MODULES} <= set(FLOOR_OF)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_downwards(path):
    own = FLOOR_OF[package(path)]
    names = {name.split(".")[1] for name in imported(path, at_import=True) if "." in name}
    assert {name for name in names if FLOOR_OF.get(name, own) > own} == set()


def test_only_the_lowest_floor_imports_the_engine():
    users = {path for path in MODULES if any(re.match(r"strate\._core\b", name) for name in imported(path))}
    assert users
    assert {str(path) for path in users if FLOOR_OF[package(path)] != 5} == set()


# ---- every file

WRITTEN = files(
    "cpp/**/*.h", "cpp/**/*.cpp", "python/**/*.py", "python/**/*.pyi", "tests/**/*.py", "bench/**/*.py",
    "bench/**/*.h", "bench/**/*.cpp", "examples/*.py", "**/CMakeLists.txt", ".ci/*", "cuda/**/*.h",
    "cuda/**/*.cpp", "cuda/**/*.cu", "tests/**/*.h", "tests/**/*.cpp", "tests/**/*.cu",
)  # fmt: skip
LONGEST, LONGEST_TEST = 300, 500
# Longer, and why it is still one room.
LONG = {
    "python/strate/_core.pyi": "the signatures of one module",
}


def test_no_file_is_two_rooms():
    lengths = {str(path): read(path).count("\n") for path in WRITTEN}
    limits = {path: LONGEST_TEST if re.match(r"tests/.*\.py$", path) else LONGEST for path in lengths}
    assert {path: n for path, n in lengths.items() if n > limits[path] and path not in LONG} == {}


def test_names_say_something():
    empty = re.compile(r"(^|[_/])(utils?|common|helpers?|misc)([_./]|$)")
    assert [path for path in WRITTEN if empty.search(str(path))] == []


def test_nothing_is_left_for_later():
    later = re.compile(r"TO[D]O|FIX[M]E|XX[X]|#if\s+0\b")
    assert [path for path in WRITTEN if later.search(read(path))] == []
