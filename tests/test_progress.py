"""What training prints: a bar on a terminal, lines elsewhere, nothing if asked."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import threading

import numpy as np
import pytest

import strate as st

X, Y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 3


def fit(**options):
    model = st.Sequential([st.Dense(3)], seed=0)
    return model.fit(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1), seed=0, **options)


def test_one_line_an_epoch_when_output_is_not_a_terminal(capsys):
    history = fit(epochs=10, validation_split=0.25)
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert len(lines) == 10
    pattern = (
        r"epoch  3/10  loss \d\.\d{4}  accuracy \d\.\d{4}  val_loss \d\.\d{4}  val_accuracy \d\.\d{4}  "
        r"[\d ]+ images/s  \d+\.\d\d s"
    )
    assert re.fullmatch(pattern, lines[2])
    assert f"loss {history.loss[2]:.4f}" in lines[2]


def test_verbose_0_prints_nothing(capsys):
    fit(epochs=3, verbose=0)
    assert capsys.readouterr() == ("", "")


def read_all(descriptor, shown):
    """Everything that is written to a pseudo-terminal until its other end is closed."""
    with contextlib.suppress(OSError):
        while piece := os.read(descriptor, 4096):
            shown.append(piece)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
@pytest.mark.parametrize("verbose", [1, 2])
def test_a_bar_on_a_terminal(monkeypatch, verbose):
    master, slave = os.openpty()
    shown = []
    reader = threading.Thread(target=read_all, args=(master, shown))
    reader.start()
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        fit(epochs=2, validation_split=0.25, verbose=verbose)
        monkeypatch.undo()
    reader.join()
    os.close(master)
    text = b"".join(shown).decode()
    assert "val_accuracy" in text
    assert "images/s" in text
    assert ("% " in text) is (verbose == 1)
    assert [line.split("\r")[-1][:9] for line in text.splitlines() if "val_loss" in line] == [
        "epoch 1/2",
        "epoch 2/2",
    ]


def test_other_code_may_print_in_between(capsys):
    def say(training):
        print("between")

    fit(epochs=2, callbacks=[st.LambdaCallback(on_epoch_end=say)])
    assert capsys.readouterr().out.splitlines()[1::2] == ["between", "between"]


def test_a_closed_bar_after_an_error(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def fail(training):
        raise RuntimeError("stop")

    monkeypatch.setattr(sys, "stdout", Terminal())
    with pytest.raises(RuntimeError, match="stop"):
        fit(epochs=2, callbacks=[st.LambdaCallback(on_batch_end=fail)])
