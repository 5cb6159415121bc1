"""The generic checks of an op.

A test file of an op states its cases, how to run it, and what plain numpy says; `OpTests` does the rest:

    class TestSquare(OpTests):
        gradients = {"x": "dx"}                      # input -> its gradient among the results
        cases = [Case("odd", {"x": normal(3, 5), "dy": normal(3, 5)}), ...]

        def run(self, case, arrays):                 # arrays hold numpy arrays of the type under test
            y = _core.square_forward(tensor(arrays["x"]))
            dx = _core.square_backward(tensor(arrays["dy"]), tensor(arrays["x"]))
            return results(y=y, dx=dx)

        def oracle(self, case, arrays):              # float64; the results that it names are compared
            return {"y": arrays["x"] ** 2}

Checked for every case: results against the oracle in float64; gradients against central differences in
float64, leaving out places where a kink lies within the step; every instruction set of the machine in
float64 against the first, and in float32 against its own float64 result within `float32_bound`; strided
inputs bit for bit as contiguous ones; inputs left alone; 1, 2, 3, 7 and 64 threads bit for bit; NaN where the
oracle has NaN, and nowhere else. An error is max|a - b| / max|b|.

With `pytest --device cuda` the same cases run on a GPU, or on the executor of the tests: against the oracle,
and every result against the CPU's, whose gradients were compared with differences.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from strate import _core
from strate.cuda import record

Arrays = dict[str, np.ndarray]
thread_counts = (1, 2, 3, 7, 64)
cpu_only = pytest.mark.cpu_only  # a test about threads, instruction sets or memory shared with numpy
cuda_only = pytest.mark.cuda_only  # about what a GPU does otherwise than the CPU
gpu = pytest.mark.gpu  # what the executor of the tests cannot answer
device = "cpu"  # of the tensors that `tensor` makes; set by `on` and by pytest's --device


@dataclass(frozen=True)
class Case:
    """One problem: named arrays (real ones in float64) and whatever settings the op takes."""

    name: str
    arrays: Arrays
    settings: Any = None
    smooth: bool = True  # False: it sits on kinks (ties of a maximum), so differences mean nothing
    nan: tuple[str, ...] | None = None  # inputs that are given a NaN; None: all of the op's `nan_inputs`
    seed: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return self.name


class Stored(np.ndarray):
    """float32 numbers that bfloat16 holds: `tensor` stores them so."""


def normal(*shape: int, seed: int = 1, scale: float = 1.0) -> np.ndarray:
    """Normal numbers in float64 that float32 holds exactly."""
    values = np.random.default_rng([seed, *shape]).normal(0.0, scale, shape)
    return values.astype(np.float32).astype(np.float64)


class Tape:
    """What `run` asks for and gives, noted; or given from what was made before, while a step is recorded."""

    def __init__(self, prepared: list[_core.Tensor] | None = None):
        self.arrays: list[np.ndarray] = []
        self.prepared = prepared
        self.named: dict[str, Any] = {}

    def tensor(self, array: np.ndarray) -> _core.Tensor:
        self.arrays.append(array.copy("K"))
        return made(array) if self.prepared is None else self.prepared[len(self.arrays) - 1]


tape: Tape | None = None


@contextlib.contextmanager
def noted(on: Tape) -> Iterator[Tape]:
    """Within the block `tensor` and `results` go by this tape."""
    global tape
    tape = on
    try:
        yield on
    finally:
        tape = None


def on_cpu(run: Callable[[], object]) -> _core.CpuRecording:
    recording = _core.CpuRecording()
    try:
        run()
    finally:
        recording.end()
    return recording


def recorded(run: Callable[[], Arrays]) -> tuple[Arrays, Arrays]:
    """What `run()` gives, and what its recording gives after all memory that nobody has was overwritten."""
    with noted(Tape()) as first:
        eager = run()
    with noted(Tape([made(array.copy("K")) for array in first.arrays])) as second:
        recording = on_cpu(run) if device == "cpu" else record(run)[0]
    if device == "cpu":  # where what is recorded also runs
        for result in second.named.values():
            if isinstance(result, _core.Tensor):
                result.fill(1)
        for tensor, array in zip(second.prepared, first.arrays, strict=True):
            tensor.copy_from(_core.from_numpy(array))
    recording.spoil()
    recording.replay()
    return eager, results(**second.named)


def tensor(array: np.ndarray) -> _core.Tensor:
    """A view of a numpy array, strides and all; on a GPU a copy, with gaps where the array has some."""
    return made(array) if tape is None else tape.tensor(array)


aligned = True


@contextlib.contextmanager
def shifted() -> Iterator[None]:
    """Within the block no tensor on a GPU begins at a multiple of 16 bytes."""
    global aligned
    aligned = False
    try:
        yield
    finally:
        aligned = True


def made(array: np.ndarray) -> _core.Tensor:
    """`tensor`, whoever asks."""
    if isinstance(array, Stored):
        rounded = made(np.asarray(array)).astype("bfloat16")
        return rounded if aligned else beside(rounded)
    if device == "cpu":
        return _core.from_numpy(array)
    if array.flags.c_contiguous:
        given = _core.from_numpy(array)
        return given.to(device) if aligned else beside(given)
    wide = _core.empty([2 * n for n in array.shape], array.dtype.name, device)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)][..., ::-1]
    view.copy_from(_core.from_numpy(array))
    return view


def beside(given: _core.Tensor) -> _core.Tensor:
    """A copy on the device that begins one number after aligned memory."""
    view = _core.empty(given.size + 1, given.dtype, device)[1:].reshape(given.shape)
    view.copy_from(given)
    return view


def empty(shape: tuple[int, ...], dtype: str) -> _core.Tensor:
    """Memory for a result, where `tensor` makes its tensors."""
    return _core.empty(shape, str(dtype), device)


@contextlib.contextmanager
def captured() -> Iterator[None]:
    """Within the block a step is recorded for the device, which runs it once afterwards."""
    _core.begin_capture()
    try:
        yield
    except BaseException:
        _core.abandon_capture()
        raise
    _core.end_capture().replay()


def results(**named: Any) -> Arrays:
    """Tensors and numbers as numpy arrays, leaving out None; of a recording they are yet to come."""
    if tape is not None and tape.prepared is not None:
        tape.named = named
        return {}
    return {
        name: value.numpy().copy() if isinstance(value, _core.Tensor) else np.array(value)
        for name, value in named.items()
        if value is not None
    }


@contextlib.contextmanager
def on(name: str) -> Iterator[None]:
    """Within the block `tensor` makes its tensors on this device."""
    global device
    before, device = device, name
    try:
        yield
    finally:
        device = before


def error(got: np.ndarray, want: np.ndarray) -> float:
    """max|got - want| / max|want| over the finite numbers; infinite where the others differ."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if got.shape != want.shape:
        return np.inf
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True) or not np.isfinite(got[finite]).all():
        return np.inf
    if not finite.any():
        return 0.0
    scale = np.abs(want[finite]).max()
    return float(np.abs(got[finite] - want[finite]).max() / (scale if scale > 0 else 1.0))


def same_bits(a: Arrays, b: Arrays) -> list[str]:
    """Names of the results that differ in a bit."""
    return [name for name in a if a[name].shape != b[name].shape or a[name].tobytes() != b[name].tobytes()]


@contextlib.contextmanager
def isa(name: str) -> Iterator[None]:
    """Within the block kernels of this instruction set run."""
    before = _core.isa()
    _core.set_isa(name)
    try:
        yield
    finally:
        _core.set_isa(before)


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Within the block ops use this many threads."""
    before = _core.num_threads()
    _core.set_num_threads(count)
    try:
        yield
    finally:
        _core.set_num_threads(before)


def cast(arrays: Arrays, dtype: str) -> Arrays:
    """Copies, the real ones in `dtype`."""
    return {k: v.astype(dtype) if v.dtype == np.float64 else v.copy() for k, v in arrays.items()}


def bfloat16(array: np.ndarray) -> np.ndarray:
    """In float32, rounded to 8 bits of precision: to the nearest, ties to even."""
    bits = array.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32).reshape(array.shape)


def stored(arrays: Arrays, parameters: tuple[str, ...]) -> Arrays:
    """Rounded copies, to be stored as bfloat16 but for the parameters."""
    rounded = {k: bfloat16(v) if v.dtype == np.float64 else v.copy() for k, v in arrays.items()}
    return {
        k: v.view(Stored) if v.dtype == np.float32 and k not in parameters else v for k, v in rounded.items()
    }


def strided(array: np.ndarray) -> np.ndarray:
    """The same values with gaps between them and the last axis backwards in memory."""
    if array.ndim == 0:
        return array.copy()
    wide = np.full([2 * n for n in array.shape], 77, array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view = view[..., ::-1]
    view[...] = array
    return view


def with_nan(arrays: Arrays, name: str) -> Arrays:
    """Copies, with a NaN in the middle of one array."""
    changed = {k: v.copy() for k, v in arrays.items()}
    changed[name].flat[changed[name].size // 2] = np.nan
    return changed


class OpTests:
    """Base of the test class of an op: see the top of this file."""

    cases: ClassVar[list[Case]]
    gradients: ClassVar[dict[str, str]] = {}
    nan_inputs: ClassVar[tuple[str, ...]] = ()  # a NaN in one of these shows where the oracle shows it
    strided_inputs: ClassVar[tuple[str, ...] | None] = None  # None: all of them
    written: ClassVar[tuple[str, ...]] = ()  # arrays that the op updates in place
    float64_bound: ClassVar[float] = 1e-12
    float32_bound: ClassVar[float] = 1e-6
    gradient_bound: ClassVar[float] = 1e-6
    # Arrays that stay float32 where the others are stored as bfloat16; None: the op does not work on that.
    parameters: ClassVar[tuple[str, ...] | None] = None
    exact: ClassVar[tuple[str, ...]] = ()  # results that do not depend on the instruction set (places, masks)

    def run(self, case: Case, arrays: Arrays) -> Arrays:
        """The op, forward and backward, on arrays of the type under test."""
        raise NotImplementedError

    def oracle(self, case: Case, arrays: Arrays) -> Arrays:
        """What plain numpy says, in float64, for the results that it can name."""
        raise NotImplementedError

    def objective(self, found: Arrays, arrays: Arrays) -> float:
        """The number whose gradients the op's backward gives."""
        return float((found["y"] * arrays["dy"]).sum())

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each case, and for each instruction set."""
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", type(self).cases, ids=str)
        if "instructions" in metafunc.fixturenames:
            sets = _core.supported_isas()
            metafunc.parametrize("instructions", sets if device == "cpu" else [_core.isa()])

    def test_oracle(self, case: Case) -> None:
        found = self.run(case, cast(case.arrays, "float64"))
        wanted = self.oracle(case, cast(case.arrays, "float64"))
        assert wanted.keys() <= found.keys()
        errors = {name: error(found[name], want) for name, want in wanted.items()}
        assert max(errors.values()) <= self.float64_bound, errors

    def test_gradients(self, case: Case) -> None:
        if not self.gradients or not case.smooth:
            return
        found = self.run(case, cast(case.arrays, "float64"))
        for name, gradient in self.gradients.items():
            assert found[gradient].shape == case.arrays[name].shape, name
            self.check_gradient(case, name, found[gradient])

    def check_gradient(self, case: Case, name: str, gradient: np.ndarray) -> None:
        if gradient.size == 0 or device != "cpu":
            return  # a GPU's gradients are compared with the CPU's
        random = np.random.default_rng(3)
        step = 1e-5
        places = random.choice(gradient.size, min(gradient.size, 24), replace=False)
        directions = [np.eye(1, gradient.size, p).reshape(gradient.shape) for p in places]
        directions += [random.normal(size=gradient.shape) / np.sqrt(gradient.size) for _ in range(3)]
        middle = self.value(case, name, None)
        used, scale = 0, max(np.abs(gradient).max(), 1e-3)
        for direction in directions:
            up = self.value(case, name, step * direction)
            down = self.value(case, name, -step * direction)
            left, right = (middle - down) / step, (up - middle) / step
            if abs(right - left) > 0.01 * scale:
                continue  # a kink between the two points
            used += 1
            slope, want = (up - down) / (2 * step), float((gradient * direction).sum())
            rounding = 1e-15 * abs(middle) / step
            assert abs(slope - want) <= self.gradient_bound * scale + 4 * rounding, (name, slope, want)
        assert used > len(directions) // 2, f"{name}: kinks at most places; choose other numbers"

    def value(self, case: Case, name: str, change: np.ndarray | None) -> float:
        arrays = cast(case.arrays, "float64")
        if change is not None:
            arrays[name] = arrays[name] + change
        return self.objective(self.run(case, arrays), arrays)

    def test_instruction_sets(self, case: Case, instructions: str) -> None:
        """Or, on another device, that device."""
        with isa(_core.supported_isas()[0]), on("cpu"):
            first = self.run(case, cast(case.arrays, "float64"))
        with isa(instructions):
            double = self.run(case, cast(case.arrays, "float64"))
            single = self.run(case, cast(case.arrays, "float32"))
        assert first.keys() == double.keys() == single.keys()
        for name in first:
            bound64, bound32 = (0.0, 0.0) if name in self.exact else (self.float64_bound, self.float32_bound)
            assert error(double[name], first[name]) <= bound64, name
            assert error(single[name], double[name]) <= bound32, (name, error(single[name], double[name]))

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_strided_inputs(self, case: Case, dtype: str) -> None:
        arrays = cast(case.arrays, dtype)
        names = arrays.keys() if self.strided_inputs is None else self.strided_inputs
        views = {
            k: strided(v) if k in names and k not in self.written else v.copy() for k, v in arrays.items()
        }
        plain, gapped = self.run(case, cast(arrays, dtype)), self.run(case, views)
        assert same_bits(plain, gapped) == []
        for name in arrays.keys() - set(self.written):
            assert views[name].tobytes() == arrays[name].tobytes(), f"{name} was written"

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_threads(self, dtype: str) -> None:
        """Or, on another device, twice."""
        found: dict[int, list[Arrays]] = {}
        counts = thread_counts if device == "cpu" else thread_counts[:2]
        for count in counts:
            with threads(count):
                found[count] = [self.run(case, cast(case.arrays, dtype)) for case in self.cases]
        for count in counts:
            for case, one, many in zip(self.cases, found[1], found[count], strict=True):
                assert same_bits(one, many) == [], (case.name, count)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_nan(self, case: Case, dtype: str) -> None:
        for name in self.nan_inputs if case.nan is None else case.nan:
            if case.arrays[name].size == 0:
                continue
            arrays = with_nan(case.arrays, name)
            found = self.run(case, cast(arrays, dtype))
            for result, want in self.oracle(case, cast(arrays, "float64")).items():
                places = np.isnan(found[result])
                assert np.array_equal(places, np.isnan(want)), (name, result)


def marks(place: Any) -> set[str]:
    """Of a module or a class of tests."""
    found = getattr(place, "pytestmark", [])
    return {mark.name for mark in (found if isinstance(found, list) else [found])}


def every_op_test(on_device: bool = False) -> dict[str, OpTests]:
    """The harness classes of tests/ops, each with its own run(), by file and class.

    Args:
        on_device: leave out those that are for the CPU alone.
    """
    found: dict[str, OpTests] = {}
    for path in sorted(Path(__file__).parent.glob("ops/test_*.py")):
        spec = importlib.util.spec_from_file_location("every_" + path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, tests in inspect.getmembers(module, inspect.isclass):
            if on_device and "cpu_only" in marks(module) | marks(tests):
                continue
            if issubclass(tests, OpTests) and hasattr(tests, "cases"):
                found[f"{path.stem.removeprefix('test_')}.{name}"] = tests()
    return found


def rejects(kind: type[Exception], text: str, call: Callable[[], Any]) -> None:
    """`call` raises exactly this kind; its text names the op in brackets and matches the expression."""
    with pytest.raises(kind, match=text) as caught:
        call()
    assert caught.type is kind
    assert str(caught.value).startswith("["), str(caught.value)
