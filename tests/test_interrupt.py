"""Ctrl-C: the first ends training after the batch, the second at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import strate as st

X, Y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 3
OPTIONS = {"loss": "cross_entropy", "optimizer": st.SGD(0.1), "batch_size": 10, "seed": 0, "verbose": 0}


def send(*batches):
    """A callback that sends SIGINT after the given (epoch, batch)es."""

    def on_batch_end(training):
        if (training.epoch, training.batch) in batches:
            os.kill(os.getpid(), signal.SIGINT)

    return st.LambdaCallback(on_batch_end=on_batch_end)


def test_training_ends_after_the_batch_and_returns_the_history():
    seen, ended = [], []
    count = st.LambdaCallback(
        on_batch_end=lambda training: seen.append((training.epoch, training.batch)),
        on_train_end=lambda training: ended.append(training.history.interrupted),
    )
    model = st.Sequential([st.Dense(3)], seed=0)
    before = signal.getsignal(signal.SIGINT)
    history = model.fit(X, Y, epochs=50, callbacks=[send((2, 1)), count], validation_split=0, **OPTIONS)
    assert signal.getsignal(signal.SIGINT) is before
    assert history.interrupted
    assert history.epochs == 2
    assert seen[-1] == (2, 1)
    assert ended == [True]
    assert "interrupted" in repr(history)
    assert not model.fit(X, Y, epochs=1, **OPTIONS).interrupted


def test_after_the_last_batch_of_an_epoch_that_epoch_is_complete():
    model = st.Sequential([st.Dense(3)], seed=0)
    history = model.fit(X, Y, epochs=50, callbacks=[send((1, 3))], validation_data=(X, Y), **OPTIONS)
    assert history.interrupted
    assert len(history.loss) == len(history.val_loss) == 2


def test_a_second_one_raises_at_once():
    def twice(training):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("the second Ctrl-C did not raise")

    model = st.Sequential([st.Dense(3)], seed=0)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=50, callbacks=[st.LambdaCallback(on_batch_end=twice)], **OPTIONS)
    assert signal.getsignal(signal.SIGINT) is before
    assert model.fit(X, Y, epochs=1, **OPTIONS).epochs == 1


def test_in_another_thread_no_handler_is_touched():
    before = signal.getsignal(signal.SIGINT)
    handlers = []
    look = st.LambdaCallback(on_epoch_end=lambda training: handlers.append(signal.getsignal(signal.SIGINT)))
    model = st.Sequential([st.Dense(3)], seed=0)
    thread = threading.Thread(target=lambda: model.fit(X, Y, epochs=2, callbacks=[look], **OPTIONS))
    thread.start()
    thread.join()
    assert handlers == [before, before]


def test_a_process_that_is_interrupted_from_outside():
    script = """
import numpy as np, strate as st, sys
x = np.random.default_rng(0).normal(size=(2000, 200)); y = np.arange(2000) % 3
model = st.Sequential([st.Dense(300), st.Dense(3)], seed=0)
tell = st.LambdaCallback(on_epoch_end=lambda training: print("epoch", flush=True))
history = model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.0), epochs=10**6,
                    callbacks=[tell], verbose=0)
print("interrupted", history.interrupted, history.epochs >= 1, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "epoch\n"
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert rest.splitlines()[-1] == "interrupted True True"
