"""The thread pool: how many, who may change it, what happens at a fork, and whose floating-point mode."""

from __future__ import annotations

import ctypes
import os
import sys

import pytest

from strate import _core

TRY = """
from strate import _core
try:
    print(_core.num_threads())
except ValueError as error:
    print(f"ValueError: {error}")
"""

# A product long enough for the pool, and the bits that it gives.
PRODUCT = """
import os
import numpy as np
from strate import _core

random = np.random.default_rng(0)
x = _core.tensor(random.standard_normal((200, 300)).astype("f4"))
weight = _core.tensor(random.standard_normal((100, 300)).astype("f4"))
identity = _core.Activation("identity")

def product():
    return _core.dense_forward(x, weight, None, identity).numpy().tobytes()

def threads():
    return len(os.listdir("/proc/self/task"))
"""


@pytest.mark.parametrize("value", ["1", "2", "3", "64", "1024"])
def test_environment_sets_the_number(run_python, value):
    assert run_python(TRY, STRATE_NUM_THREADS=value) == value


@pytest.mark.parametrize("value", ["0", "-1", "1025", "two", "2.5", "2 ", "0x2", " ", "9" * 30])
def test_a_bad_number_in_the_environment_is_an_error(run_python, value):
    expected = f"ValueError: [threads] STRATE_NUM_THREADS is a number from 1 to 1024; got '{value}'"
    assert run_python(TRY, STRATE_NUM_THREADS=value) == expected.strip()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks")
def test_affinity_limits_the_number(run_python):
    processors = sorted(os.sched_getaffinity(0))
    for count in range(1, min(len(processors), 3) + 1):
        mask = f"import os; os.sched_setaffinity(0, {processors[:count]})\n"
        assert 1 <= int(run_python(mask + TRY)) <= count
    assert run_python(f"import os; os.sched_setaffinity(0, {processors[:1]})\n" + TRY) == "1"
    assert run_python(mask + TRY, STRATE_NUM_THREADS="5") == "5"
    assert int(run_python(TRY)) <= len(processors)


def test_limits_of_set_num_threads():
    before = _core.num_threads()
    for bad in (0, -1, 1025):
        with pytest.raises(ValueError, match=f"number of threads is from 1 to 1024; got {bad}"):
            _core.set_num_threads(bad)
        assert _core.num_threads() == before
    with pytest.raises(TypeError):
        _core.set_num_threads(2.5)
    try:
        for good in (1, 2, 7, 64):
            _core.set_num_threads(good)
            assert _core.num_threads() == good
    finally:
        _core.set_num_threads(before)


# Leaves room for some twenty stacks of 8 MiB, and lifts the limit again for what comes after.
FEW_STACKS = """
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (used + (204 << 20), hard))
few = product()
resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_where_the_system_gives_fewer_threads_they_do_the_work(run_python):
    if any(hasattr(ctypes.CDLL(None), name) for name in ("__asan_init", "__tsan_init")):
        pytest.skip("sanitizers take address space of their own")
    code = "_core.set_num_threads(1)\nmany = product()\n_core.set_num_threads(1024)\n"
    out = run_python(PRODUCT + code + FEW_STACKS + "print(few == many == product(), 1 < threads() < 1024)")
    assert out == "True True"


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_workers_are_started_when_needed_and_ended_when_not(run_python):
    out = run_python(
        PRODUCT
        + """
start = threads()
_core.set_num_threads(4)
before = threads()
product()
working = threads()
_core.set_num_threads(2)
product()
fewer = threads()
_core.set_num_threads(1)
product()
print(before - start, working - start, fewer - start, threads() - start)
"""
    )
    assert out == "0 3 1 0"


def test_the_same_bits_for_any_number_of_threads(run_python):
    out = run_python(
        PRODUCT
        + """
bits = set()
for n in (1, 2, 3, 7, 64):
    _core.set_num_threads(n)
    bits |= {product() for _ in range(5)}
print(len(bits))
"""
    )
    assert out == "1"


FORK = """
def child_gives(compute):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, bytes([compute() == expected]))
        finally:
            os._exit(0)
    os.close(writing)
    answer = os.read(reading, 1)
    os.close(reading)
    assert os.waitpid(child, 0)[1] == 0
    return answer == b"\\x01"
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_computes_the_same_bits(run_python):
    out = run_python(
        PRODUCT
        + FORK
        + """
_core.set_num_threads(4)
expected = product()
def in_child():
    inner = product()
    return inner if threads() > 1 else None  # the child has a pool of its own
print([child_gives(in_child) for _ in range(5)], product() == expected)
""",
        "-Wignore::DeprecationWarning",
    )
    assert out == "[True, True, True, True, True] True"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_while_other_threads_compute_and_allocate(run_python):
    out = run_python(
        PRODUCT
        + FORK
        + """
import threading
_core.set_num_threads(2)
expected = product()
stop = threading.Event()
def busy():
    while not stop.is_set():
        product()
        _core.zeros((100, 100))
others = [threading.Thread(target=busy) for _ in range(3)]
for other in others:
    other.start()
answers = [child_gives(product) for _ in range(20)]
stop.set()
for other in others:
    other.join()
print(all(answers))
""",
        "-Wignore::DeprecationWarning",
    )
    assert out == "True"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="sets the control register of x86-64")
def test_workers_take_the_floating_point_mode_of_the_caller(run_python):
    # 1e-20 * 1e-20 is subnormal in float32: 0 where those are flushed, in every row, whoever computes it.
    out = run_python(
        PRODUCT
        + """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("0fae17c3"))  # ldmxcsr [rdi]; ret
where = ctypes.addressof(ctypes.c_char.from_buffer(code))
load_mode = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint32))(where)
NORMAL, FLUSHING = ctypes.c_uint32(0x1F80), ctypes.c_uint32(0x9FC0)

x, weight = _core.full((512, 64), 1e-20), _core.full((64, 64), 1e-20)
_core.set_num_threads(4)

def rows_of_zeros():
    y = _core.dense_forward(x, weight, None, identity).numpy().view("u4")
    return int((y == 0).all(axis=1).sum())

counts = []
for mode in (NORMAL, FLUSHING, NORMAL):
    load_mode(ctypes.byref(mode))
    found = {rows_of_zeros() for _ in range(50)}
    load_mode(ctypes.byref(NORMAL))
    counts.append(found)
print(counts)
"""
    )
    assert out == "[{0}, {512}, {0}]"
