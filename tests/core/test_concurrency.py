"""Many Python threads at once on tensors, memory, random numbers and ops. Run under TSan too."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from strate import _core

THREADS = 8
IDENTITY, TANH = _core.Activation("identity"), _core.Activation("tanh")


def at_once(work, threads: int = THREADS) -> list:
    """work(i) in `threads` threads that start together; returns their results, raises the first error."""
    start = threading.Barrier(threads)
    results, errors = [None] * threads, []

    def run(i: int) -> None:
        try:
            start.wait()
            results[i] = work(i)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=run, args=(i,)) for i in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]
    return results


@pytest.fixture(params=[1, 3])
def pool(request):
    """One worker or three, whatever the machine has."""
    before = _core.num_threads()
    _core.set_num_threads(request.param)
    yield
    _core.set_num_threads(before)


def step(seed: int) -> bytes:
    """A forward and a backward pass of a small layer, as bytes: above the threshold that gives up the GIL."""
    random = np.random.default_rng(seed)
    x = _core.tensor(random.standard_normal((96, 128)).astype("f4"))
    weight = _core.tensor(random.standard_normal((80, 128)).astype("f4"))
    bias = _core.tensor(random.standard_normal(80).astype("f4"))
    target = _core.tensor(random.integers(0, 80, 96))
    y = _core.dense_forward(x, weight, bias, TANH)
    loss, dy = _core.cross_entropy(y, target)
    dweight, dbias = _core.empty_in_order((80, 128), (1, 0)), _core.empty(80)
    dx = _core.dense_backward(dy, x, weight, y, TANH, dweight, dbias, True)
    parts = (y, loss, dx, dweight, dbias)
    return b"".join(part.contiguous().numpy().tobytes() for part in parts)


def test_ops_at_once_give_the_bits_of_one_after_the_other(pool):
    expected = [step(seed) for seed in range(THREADS)]
    for _ in range(3):
        assert at_once(step) == expected


def test_ops_on_the_same_inputs():
    random = np.random.default_rng(0)
    x = _core.tensor(random.standard_normal((128, 128)).astype("f4"))
    weight = _core.tensor(random.standard_normal((128, 128)).astype("f4"))

    def product(_):
        return _core.dense_forward(x, weight, None, IDENTITY).numpy().tobytes()

    assert set(at_once(product)) == {product(0)}


def test_tensors_come_and_go_at_once():
    before = _core.memory()["used"]

    def work(i):
        for turn in range(30):
            tensors = [_core.full((size,), i * 100 + turn) for size in (1, 100, 10_000, 100_000)]
            views = [tensor[:1] for tensor in tensors]
            del tensors
            assert {view.item() for view in views} == {i * 100 + turn}
            _core.memory()
            if turn % 10 == i:
                _core.release_memory()

    at_once(work)
    assert _core.memory()["used"] == before


def test_one_tensor_seen_from_many_threads():
    shared = _core.tensor(np.arange(1000.0))

    def work(i):
        total = 0.0
        for start in range(0, 1000, 10):
            part = shared[start : start + 10]
            total += part.reshape((2, 5)).transpose((1, 0)).copy().numpy().sum()
            total += np.from_dlpack(part).sum() + _core.from_dlpack(part.numpy()).numpy().sum()
        return total

    assert set(at_once(work)) == {3 * 499_500.0}


def test_random_numbers_at_once():
    def work(i):
        out = _core.empty(5000, "float64")
        _core.normal(out, 0, 1, 7, i % 2)
        return out.numpy().tobytes() + _core.permutation(1000, 7, i % 2).numpy().tobytes()

    drawn = at_once(work)
    assert len(set(drawn)) == 2 and drawn[0] == work(0) and drawn[1] == work(1)


def test_the_pool_changes_while_others_compute():
    before = _core.num_threads()
    expected = step(0)

    def work(i):
        if i == 0:
            for n in (1, 4, 2, 3, 1, 2) * 3:
                _core.set_num_threads(n)
        return {step(0) for _ in range(4)}

    try:
        assert at_once(work) == [{expected}] * THREADS
    finally:
        _core.set_num_threads(before)


def test_first_use_by_many_threads_at_once(run_python):
    out = run_python(
        """
import threading
import numpy as np
from strate import _core
start = threading.Barrier(8)
seen = []
def work():
    x = _core.from_numpy(np.ones((200, 200), "f4"))
    start.wait()
    y = _core.dense_forward(x, x, None, _core.Activation("identity"))
    seen.append((_core.isa(), _core.num_threads(), y.numpy().tobytes()))
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(seen), len(set(seen)))
""",
        STRATE_NUM_THREADS="3",
    )
    assert out == "8 1"


def test_errors_at_once():
    def work(i):
        for _ in range(50):
            with pytest.raises(ValueError, match=rf"\[reshape\] {i + 1} values"):
                _core.zeros(i + 1).reshape((i + 2,))

    at_once(work)
