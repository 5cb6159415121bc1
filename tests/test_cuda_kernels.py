"""Every kernel of the CUDA library works for some case of the harness, with --device cuda.

Every case of every op is run once in each element type, small ones also in memory that is not aligned,
products also on tensor cores in tiles of either size, and compared with the CPU. That is the cheapest run in
which every instantiation of each kernel works: for other orders of threads, and sanitizers.
"""

import contextlib
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import harness
from harness import (
    cast,
    error,
    every_op_test,
    gpu,
    normal,
    on,
    same_bits,
    shifted,
    stored,
    tensor,
    with_nan,
)  # fmt: skip
from strate import _core

CUDA = Path(__file__).resolve().parents[1] / "cuda"
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")
SMALL = 20_000  # numbers of a case that also runs in unaligned memory and on large tiles
PRODUCTS = ("dense", "conv2d", "conv2d_transpose", "recurrent")
# Numbers of 10 or 7 bits of mantissa, multiplied and summed: against max|y|, in chains of a few products.
TENSOR_CORES = {"tf32": 4e-3, "bf16": 3e-2}
# Stored as bfloat16, y is rounded to 8 bits once; anything else comes from numbers that were rounded before:
# gradients from y and dz, softmax from z.
ROUNDED_ONCE, ROUNDED = 2**-8, 2**-6

on_device = pytest.mark.skipif("harness.device == 'cpu'", reason="launches are traced with --device cuda")
TESTS = every_op_test(on_device=True)
MULTIPLIERS = [name for name in TESTS if name.split(".")[0] in PRODUCTS]
MIXED = [name for name, tests in TESTS.items() if tests.parameters is not None]
has_symbols = pytest.mark.skipif(
    not (shutil.which("nm") and os.environ.get("STRATE_CUDA_LIBRARY")), reason="only the executor has symbols"
)


def kernels(text: str) -> set[str]:
    """Names given to launches in a source of device code: a literal first in a call, followed by more."""
    code = re.sub(r"//.*|asm(?: volatile)?\([^;]*;", "", text)
    return set(re.findall(r'\w(?:<[^;()]*>)?\(\s*"(\w+)",', code))


def kernels_of_the_library() -> set[str]:
    return set().union(*map(kernels, sources()))


def instantiations() -> dict[int, str]:
    """By address: the functions of the executor's library that sources declare as kernels."""
    declared = r"__global__ void\s+(?:__launch_bounds__\([^{;]*?\)\s+)?(\w+)\("
    names = {name for text in sources() for name in re.findall(declared, text)}
    library = Path(os.environ["STRATE_CUDA_LIBRARY"]).resolve()
    mappings = Path("/proc/self/maps").read_text().splitlines()
    base = min(int(line.split("-")[0], 16) for line in mappings if line.endswith(str(library)))
    command = ["nm", "--demangle", "--defined-only", str(library)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    for address, kind, symbol in (line.split(" ", 2) for line in lines):
        symbol = symbol.replace("(anonymous namespace)::", "")
        name = re.match(r"(?:void )?strate::cuda::(\w+)[<(]", symbol)
        if kind in "tTwW" and name and name[1] in names and not re.search(r"\)::|\[clone", symbol):
            found[base + int(address, 16)] = symbol.replace("strate::cuda::", "")
    return found


def sources() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in CUDA.rglob("*") if path.suffix in (".h", ".cu")]


def traced(work) -> set[tuple[str, int]]:
    """The names that `work()` launches, and the addresses of the functions."""
    _core.trace_cuda(True)
    try:
        work()
        return set(_core.cuda_launched())
    finally:
        _core.trace_cuda(False)


def names(launches: set[tuple[str, int]]) -> set[str]:
    return {name for name, _ in launches}


def compare(tests, case, dtype: str, bound: float, names=None) -> None:
    """With the CPU in float64; all results, or those named."""
    found = tests.run(case, cast(case.arrays, dtype))
    with on("cpu"):
        wanted = tests.run(case, cast(case.arrays, "float64"))
    errors = {name: error(found[name], wanted[name]) for name in names or wanted}
    assert all(e <= (0 if name in tests.exact else bound) for name, e in errors.items()), (str(case), errors)


def small(tests) -> list:
    return [case for case in tests.cases if sum(array.size for array in case.arrays.values()) <= SMALL]


@functools.cache
def launched_by(name: str) -> set[tuple[str, int]]:
    """By all cases of a test class, whose results are those of the CPU."""
    tests = TESTS[name]

    def work():
        for case in tests.cases:
            compare(tests, case, "float64", tests.float64_bound)
            compare(tests, case, "float32", tests.float32_bound)

    return traced(work)


@functools.cache
def launched_in_unaligned_memory(name: str) -> set[tuple[str, int]]:
    tests = TESTS[name]

    def work():
        for case in small(tests):
            with shifted():
                compare(tests, case, "float64", tests.float64_bound)
                compare(tests, case, "float32", tests.float32_bound)

    return traced(work)


@functools.cache
def launched_on_tensor_cores(name: str, multiply: str, tile: str) -> set[tuple[str, int]]:
    """Gradients are compared too, but where a rounded y lies on the other side of a kink."""
    tests = TESTS[name]

    def work():
        for case in tests.cases if tile == "by_shape" else small(tests):
            kinked = "relu" in f"{case} {getattr(case.settings, 'activation', '')}"
            compare(tests, case, "float32", TENSOR_CORES[multiply], ["y"] if kinked else None)

    _core.set_multiply(multiply)
    _core.set_tile(tile)
    try:
        return traced(work)
    finally:
        _core.set_multiply("float32")
        _core.set_tile("by_shape")


@functools.cache
def launched_as_bfloat16(name: str, tile: str = "by_shape", unaligned: bool = False) -> set[tuple[str, int]]:
    """Near float64 on the same numbers, and twice the same bits."""
    tests = TESTS[name]

    def work():
        for case in small(tests) if unaligned or tile == "large" else tests.cases:
            arrays = stored(case.arrays, tests.parameters)
            with shifted() if unaligned else contextlib.nullcontext():
                found, again = (tests.run(case, arrays_of(arrays)) for _ in range(2))
            assert same_bits(found, again) == []
            with on("cpu"):
                wanted = tests.run(case, cast({k: double(v) for k, v in arrays.items()}, "float64"))
            for result, want in wanted.items():
                once = result == "y" and "softmax" not in str(case)
                bound = 0 if result in tests.exact else ROUNDED_ONCE if once else ROUNDED
                assert error(found[result], want) <= bound, (str(case), result, error(found[result], want))

    _core.set_tile(tile)
    try:
        return traced(work)
    finally:
        _core.set_tile("by_shape")


def double(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, np.float64) if array.dtype == np.float32 else array


def arrays_of(arrays):
    return {name: array.copy() for name, array in arrays.items()}


@functools.cache
def launched_beside_ops() -> set[tuple[str, int]]:
    """By tensors of every element type, by scores and by recorded steps."""

    def work():
        for kind in DTYPES:
            values = np.arange(15).reshape(3, 5) % 2
            filled = tensor(np.zeros((3, 5), kind))
            filled.fill(1)
            assert (filled.numpy() == 1).all()
            for other in DTYPES:  # in its own type with gaps
                found = tensor(values.astype(kind))[:, ::2].contiguous().astype(other)
                assert np.array_equal(found.numpy(), values[:, ::2])
            rows = _core.gather(tensor(values.astype(kind)), tensor(np.array([2, 0])))
            assert np.array_equal(rows.numpy(), values[[2, 0]])
        launch_scores()
        number, filled = tensor(np.zeros(1, np.int64)), tensor(np.zeros((3, 5)))
        gaps = tensor(np.arange(15, dtype=np.float32).reshape(3, 5))[:, ::2]
        rounded = gaps.astype("bfloat16")
        assert np.array_equal(rounded.numpy(), gaps.numpy())
        assert np.array_equal(rounded[:, ::2].contiguous().astype("float32").numpy(), gaps.numpy()[:, ::2])
        assert np.array_equal(rounded[:, ::2].astype("float32").numpy(), gaps.numpy()[:, ::2])
        _core.count_up(number)
        _core.copy_unless(filled, tensor(np.ones((3, 5))), filled)
        _core.pass_on_flag(filled, number)
        assert _core.report(tensor(np.array(3.0)), filled).tolist() == [3.0, 0.0]
        assert number.tolist() == [1] and (filled.numpy() == 1).all()

    return traced(work)


def launch_scores():
    """Of numbers that are alike the first is the largest."""
    for kind in ("float32", "float64"):
        for classes in (5, 40, 300, 2500):
            alike = tensor(np.full((3, classes), 2, kind))
            assert _core.count_correct(alike, tensor(np.arange(3))) == 1
            for other in ("float32", "float64"):
                assert _core.count_correct(alike, tensor(np.eye(3, classes, dtype=other))) == 1


@on_device
def test_what_runs_the_kernels():
    """The executor says so: where it runs, nothing is said about a GPU."""
    assert _core.cuda_name() == "executor" or Path("/dev/nvidiactl").exists()


@gpu
def test_the_gpu_is_the_one_that_the_driver_names():
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    listed = subprocess.run(command, capture_output=True, text=True).stdout
    assert _core.cuda_name() in listed.splitlines()


@on_device
@pytest.mark.parametrize("name", TESTS)
def test_every_case_is_as_on_the_cpu(name):
    assert launched_by(name)


@on_device
@pytest.mark.parametrize("name", TESTS)
def test_small_cases_in_unaligned_memory(name):
    assert launched_in_unaligned_memory(name)


@on_device
@pytest.mark.parametrize("tile", ["by_shape", "large"])
@pytest.mark.parametrize("multiply", TENSOR_CORES)
@pytest.mark.parametrize("name", MULTIPLIERS)
def test_tensor_cores(name, multiply, tile):
    assert launched_on_tensor_cores(name, multiply, tile)


@on_device
@pytest.mark.parametrize("name", MIXED)
def test_what_is_stored_as_bfloat16(name):
    """By the kernels of the other types."""
    assert names(launched_as_bfloat16(name)) - {"round"} == names(launched_by(name))
    assert launched_as_bfloat16(name, unaligned=True)
    if name in MULTIPLIERS:
        assert launched_as_bfloat16(name, tile="large")


@on_device
@pytest.mark.parametrize("name", MIXED)
def test_nan_in_what_is_stored_as_bfloat16(name):
    tests = TESTS[name]
    for case in tests.cases:
        for spoilt in tests.nan_inputs if case.nan is None else case.nan:
            if case.arrays[spoilt].size == 0:
                continue
            arrays = with_nan(case.arrays, spoilt)
            found = tests.run(case, stored(arrays, tests.parameters))
            for result, want in tests.oracle(case, cast(arrays, "float64")).items():
                assert np.array_equal(np.isnan(found[result]), np.isnan(want)), (str(case), spoilt, result)


@on_device
def test_every_kernel_is_launched():
    launched = launched_beside_ops().union(*map(launched_by, TESTS))
    assert names(launched) == kernels_of_the_library()


@on_device
@has_symbols
def test_every_instantiation_of_a_kernel_is_launched():
    """Every element type, width of memory access, tile, activation that the library was compiled for."""
    launched = launched_beside_ops().union(*map(launched_by, TESTS))
    launched |= set().union(*map(launched_in_unaligned_memory, TESTS))
    for multiply in TENSOR_CORES:
        for tile in ("by_shape", "large"):
            launched |= set().union(*(launched_on_tensor_cores(name, multiply, tile) for name in MULTIPLIERS))
    for name in MIXED:
        launched |= launched_as_bfloat16(name) | launched_as_bfloat16(name, unaligned=True)
        launched |= launched_as_bfloat16(name, tile="large") if name in MULTIPLIERS else set()
    known, seen = instantiations(), {address for _, address in launched}
    assert len(known) > 500 and seen <= known.keys()
    missing = sorted(symbol for address, symbol in known.items() if address not in seen)
    assert not missing, "\n".join(missing)


@on_device
def test_a_kernel_that_nobody_launches_is_missed():
    x = tensor(normal(3, 5))
    assert traced(lambda: None) == set()
    assert names(traced(lambda: _core.all_finite(x))) == {"all_finite", "fill"}
    assert _core.cuda_launched() == []


def test_names_of_kernels_are_found_in_the_sources():
    text = """
    // launch("comment", kernel, grid);
    launch("plain", kernel<T>, grid, x);
    backward_product<T, Layout<2>>(
        "wrapped", x);
    asm("cvt.rna", "=r"(bits));
    fail_value("[cuda] no memory");
    """
    assert kernels(text) == {"plain", "wrapped"}
    assert {"max_pool2d_forward", "dense_backward", "fill"} <= kernels_of_the_library()


def test_every_launch_is_named_by_a_literal_or_by_its_caller():
    calls = [
        call
        for path in CUDA.rglob("*")
        if path.suffix in (".h", ".cu")
        for call in re.findall(r"\blaunch\(\s*([^,\n]+),", re.sub(r"//.*", "", path.read_text("utf-8")))
    ]
    assert len(calls) > 50
    assert [call for call in calls if not re.fullmatch(r'"\w+"|name|const char\* name', call)] == []


def test_a_result_that_differs_is_found():
    """As a barrier that is missing would make it."""

    class Wrong(type(TESTS["max_pool2d.TestMaxPool2d"])):
        def run(self, case, arrays):
            found = super().run(case, arrays)
            if harness.device == "cpu":
                found["y"] = found["y"] + 1e-4
            return found

    with on("cpu"):
        wrong, case = Wrong(), Wrong.cases[0]
    with pytest.raises(AssertionError, match=str(case)):
        compare(wrong, case, "float32", 1e-6)
