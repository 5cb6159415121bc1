"""A data set that stays on the host: its batches are staged ahead, and nothing else is different."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import strate as st
from strate import captured, judge, staging
from strate.cuda import Transfer, pinned

on_executor = pytest.mark.skipif(
    not os.environ.get("STRATE_CUDA_LIBRARY"), reason="on a GPU a missing wait need not show"
)


@pytest.fixture(autouse=True)
def exact():
    with st.cuda.multiplying("float32"):
        yield


@pytest.fixture(params=["late", "early"], autouse=True)
def streams(request, monkeypatch):
    """When the executor runs what waits for nothing; a GPU does what it likes."""
    if request.param == "early" and not os.environ.get("STRATE_CUDA_LIBRARY"):
        pytest.skip("the executor's streams")
    monkeypatch.setenv("STRATE_EXECUTOR_STREAMS", request.param)


@pytest.fixture
def far(monkeypatch):
    """No data set is kept on the device; gives the number of rows of each batch that is staged."""
    monkeypatch.setattr(judge, "NEAR", 0)
    sent, send = [], staging.Slot.send

    def counted(slot, rows):
        sent.append(len(rows))
        return send(slot, rows)

    monkeypatch.setattr(staging.Slot, "send", counted)
    return sent


def unstaged(work):
    """What `work()` returns where each batch is gathered by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging.Drawing, "stays_behind", lambda *_: False)
        patch.setattr(judge, "NEAR", 1)
        return work()


def data(count=44, dtype="float32"):
    random = np.random.default_rng(count)
    x = random.normal(128, 40, (count, 8, 6, 3)).clip(0, 255)
    return (x if dtype == "uint8" else x / 255).astype(dtype), random.integers(0, 10, count)


def network():
    layers = [
        st.Conv2D(8, 3, padding="same"), st.BatchNorm(), st.ReLU(), st.Dropout(0.2), st.GlobalAveragePool2D(),
        st.Dense(10, activation="softmax"),
    ]  # fmt: skip
    return st.Sequential(layers, input_shape=(8, 6, 3), seed=1)


def learn(x, y, model=None, **options):
    model = model or network()
    fixed = {"loss": "cross_entropy", "optimizer": st.SGD(0.05, momentum=0.9), "batch_size": 6, "epochs": 2}
    fixed |= {"seed": 2, "verbose": 0, "metrics": ["accuracy"], "device": "cuda"}
    history = model.fit(x, y, **(fixed | options))
    curves = {name: values for name, values in history.curves.items() if name != "seconds"}
    return model.theta.numpy().tobytes(), model.state.numpy().tobytes(), curves


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "eager"])
@pytest.mark.parametrize(
    ("dtype", "options", "learnt", "judged"),
    [
        ("float32", {}, 44, 0),
        ("uint8", {"augment": st.data.Augment(shift=2), "validation_split": 0.25}, 33, 11),
        ("float64", {"shuffle": False, "validation_data": data(13)}, 44, 13),
    ],
    ids=["plain", "augmented", "validated"],
)
def test_the_same_bits_and_history_as_on_the_device(
    dtype, options, learnt, judged, recorded, far, monkeypatch
):
    if not recorded:
        monkeypatch.setattr(captured, "may_be_recorded", lambda *_: False)
    x, y = data(dtype=dtype)
    assert learn(x, y, **options) == unstaged(lambda: learn(x, y, **options))
    assert sum(far) == 2 * (learnt + judged) and max(far) == 6


def test_predictions_and_scores(far):
    x, y = data()
    model = network()
    learn(x, y, model, epochs=1)
    del far[:]
    assert model.predict(x, 10).tobytes() == unstaged(lambda: model.predict(x, 10)).tobytes()
    assert model.evaluate(x, y, batch_size=10) == unstaged(lambda: model.evaluate(x, y, batch_size=10))
    assert far == [10, 10, 10, 10, 4] * 2
    assert model.predict(x[:10], 10).tobytes() == model.predict(x, 10)[:10].tobytes()
    assert len(far) == 15, "one batch alone has nothing to overlap with"


def test_predictions_from_several_threads(far):
    x, model = data()[0], network().to("cuda")
    wanted = unstaged(lambda: model.predict(x, 10))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: model.predict(x, 10), range(12)))
    assert len(far) == 12 * 5 and all(np.array_equal(y, wanted) for y in found)


def test_any_targets_and_whole_numbers(far):
    x, y = np.arange(60).reshape(20, 3) % 7, np.random.default_rng(0).normal(size=(20, 2))

    def work():
        model = st.Sequential([st.Embedding(7, 4), st.Flatten(), st.Dense(2)], input_shape=3, seed=0)
        return learn(x, y, model, loss="squared_error", metrics=None, optimizer=st.Adam(0.01))

    assert work() == unstaged(work) and sum(far) == 40


def test_data_that_are_on_the_device_stay_there(far):
    x, y = data()
    there = st.from_numpy(x).to("cuda"), st.from_numpy(y).to("cuda")
    wanted = learn(x, y)
    assert sum(far) == 2 * 44
    assert learn(*there) == learn(there[0], y) == wanted
    assert sum(far) == 2 * 44, "neither is staged"


@pytest.mark.parametrize("spare", [0, -1])
def test_a_quarter_of_the_free_memory_is_for_data(spare, far, monkeypatch):
    x, y = data()
    monkeypatch.undo()
    size = x.nbytes + y.astype("int64").nbytes
    monkeypatch.setattr(judge, "memory_left", lambda: 4 * size + spare)
    moved, keep = [], judge.Labelled.keep_near

    def seen(self, device):
        keep(self, device)
        moved.append((self.x.nbytes + self.target.nbytes, self.x.device))

    monkeypatch.setattr(judge.Labelled, "keep_near", seen)
    learn(x, y, epochs=1)
    assert moved == [(size, "cpu" if spare else "cuda")]


class Careless:
    """A transfer that forgets one of its waits, and notes what is asked of it."""

    forgotten: tuple = ()
    made: list = []

    def __init__(self):
        self.transfer, self.calls = Transfer(), []
        self.made.append(self)

    def __getattr__(self, name):
        def call(*arguments):
            self.calls.append(name)
            return None if name in self.forgotten else getattr(self.transfer, name)(*arguments)

        return call


@pytest.fixture
def transfers(monkeypatch):
    monkeypatch.setattr(staging, "Transfer", Careless)
    monkeypatch.setattr(Careless, "made", [])
    return Careless.made


@on_executor
@pytest.mark.parametrize("wait", ["wait", "follow"])
def test_a_wait_that_is_missing_shows(wait, far, transfers, streams, request, monkeypatch):
    """A buffer filled again too early, a step that reads before the copy: where copies are late."""
    if request.node.callspec.params["streams"] == "early":
        pytest.skip("copies are done at once")
    x, y = data()
    wanted = learn(x, y)
    monkeypatch.setattr(Careless, "forgotten", (wait,))
    try:
        assert learn(x, y) != wanted
    except (st.NonFiniteError, IndexError):
        assert wait == "follow", "numbers and labels of memory that nothing was written to"


def test_a_block_is_written_to_only_when_its_last_reader_is_done():
    """The device runs behind: here it has read nothing yet when the copy is queued."""
    n, transfer = 1 << 16, Transfer()
    st.cuda.release_memory()
    x, y = st.ones((n,), device="cuda"), st.empty((n,), device="cuda")
    y.copy_from(x)
    held = st.cuda.memory()["held"]
    del x
    host = pinned((n,), "float32")
    host.fill(7)
    again = transfer.send(host)
    assert st.cuda.memory()["held"] == held, "x's memory was used again"
    transfer.follow()
    assert (y.numpy() == 1).all() and (again.numpy() == 7).all()


def pending(transfers):
    """Copies that nobody waited for."""
    return [each for each in transfers if "send" in each.calls and each.calls[-1] != "wait"]


def test_an_error_in_a_step_drains_what_is_under_way(far, transfers):
    x, y = data()
    x[27] = np.nan
    model, twin = network(), network()
    with pytest.raises(st.NonFiniteError, match="epoch 1, batch 5"):
        learn(x, y, model, shuffle=False)
    assert len(transfers) == 2 and pending(transfers) == []
    learn(x[:24], y[:24], twin, shuffle=False, epochs=1)
    assert model.theta.numpy().tobytes() == twin.theta.numpy().tobytes()
    assert np.isfinite(learn(x[:24], y[:24], model)[2]["loss"]).all(), "and it goes on"


class At(st.Callback):
    def __init__(self, batch, act):
        self.batch, self.act = batch, act

    def on_batch_end(self, run):
        if run.batch == self.batch:
            self.act()


def fail():
    raise OSError("the disk is full")


def test_an_error_in_a_callback_drains_what_is_under_way(far, transfers):
    with pytest.raises(OSError, match="disk"):
        learn(*data(), callbacks=At(2, fail))
    assert far == [6] * 4, "one batch ahead"
    assert len(transfers) == 2 and pending(transfers) == []


@pytest.mark.parametrize("times", [1, 2])
def test_an_interruption_drains_what_is_under_way(times, far, transfers):
    def act():
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)

    model = network()
    if times == 1:
        fixed = {"loss": "cross_entropy", "optimizer": st.SGD(0.05), "batch_size": 6, "verbose": 0}
        history = model.fit(*data(), epochs=2, seed=2, device="cuda", callbacks=At(2, act), **fixed)
        assert history.interrupted
    else:
        with pytest.raises(KeyboardInterrupt):
            learn(*data(), model, callbacks=At(2, act))
    assert far == [6] * 4
    assert len(transfers) == 2 and pending(transfers) == []


def test_pinned_memory_is_used_again(far):
    x, y = data()
    learn(x, y)
    first, second = (pinned((1 << 20,), "uint8").numpy().ctypes.data for _ in range(2))
    assert first == second
    with pytest.raises(ValueError, match=r"\[pinned\] sizes are 0 or more"):
        pinned((3, -1), "float32")
    with pytest.raises(ValueError, match=r"\[transfer\] contiguous host memory is sent"):
        Transfer().send(st.ones((2,), device="cuda"))


def test_a_recorded_step_sends_nothing():
    transfer, host = Transfer(), pinned((4,), "float32")
    with pytest.raises(RuntimeError, match="cannot be captured"):
        st.cuda.record(lambda: transfer.send(host))
