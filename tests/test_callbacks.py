"""Callbacks: when they are called, what they see, and those that come with the library."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

X, Y = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32), np.arange(40) % 3
OPTIONS = {"loss": "cross_entropy", "batch_size": 20, "seed": 0, "verbose": 0}


class Falling(st.Schedule):
    """Learns for three epochs, then climbs the loss by leaps."""

    def __call__(self, epoch):
        return 0.1 if epoch < 3 else 50.0


def model():
    return st.Sequential([st.Dense(3)], seed=0)


def test_the_order_of_calls():
    calls = []

    class Log(st.Callback):
        def on_train_begin(self, training):
            calls.append("train")

        def on_epoch_begin(self, training):
            calls.append(f"epoch {training.epoch} at {training.optimizer.rate:g}")

        def on_batch_end(self, training):
            calls.append(f"batch {training.batch}")
            assert np.isfinite(training.batch_loss)

        def on_epoch_end(self, training):
            assert training.values["loss"] == training.history.loss[-1]
            calls.append("epoch end")

        def on_train_end(self, training):
            calls.append("end")

    model().fit(X, Y, epochs=2, optimizer=st.SGD(lambda epoch: epoch + 1), callbacks=[Log()], **OPTIONS)
    epoch = ["batch 0", "batch 1", "epoch end"]
    assert calls == ["train", "epoch 0 at 1", *epoch, "epoch 1 at 2", *epoch, "end"]


def test_stop_ends_after_the_epoch_or_the_batch():
    at_end = st.LambdaCallback(on_epoch_end=lambda training: training.stop("enough"))
    history = model().fit(X, Y, epochs=9, optimizer=st.SGD(0.1), callbacks=[at_end], **OPTIONS)
    assert (history.epochs, history.stopped, history.interrupted) == (1, "enough", False)
    seen = []

    def after_a_batch(training):
        seen.append(training.batch)
        training.stop()

    in_between = st.LambdaCallback(on_batch_end=after_a_batch)
    history = model().fit(X, Y, epochs=9, optimizer=st.SGD(0.1), callbacks=[in_between], **OPTIONS)
    assert (history.epochs, seen) == (0, [0])


@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping(restore):
    net, thetas = model(), []
    keep = st.LambdaCallback(on_epoch_end=lambda training: thetas.append(net.theta.numpy().copy()))
    stop = st.EarlyStopping(patience=2, restore_best=restore)
    options = {**OPTIONS, "epochs": 50, "optimizer": st.SGD(Falling()), "validation_split": 0.2}
    history = net.fit(X, Y, callbacks=[keep, stop], **options)
    best = int(np.argmin(history.val_loss))
    assert best < 5
    assert history.epochs == best + 4
    assert history.stopped == f"no improvement since epoch {best + 1}"
    assert np.array_equal(net.theta.numpy(), thetas[best if restore else -1])


def test_early_stopping_watches_what_it_is_told():
    stop = st.EarlyStopping("accuracy", patience=0)
    history = model().fit(X, Y, epochs=50, optimizer=st.SGD(0.0), callbacks=[stop], **OPTIONS)
    assert history.epochs == 2
    with pytest.raises(ValueError, match="no curve 'val_loss' to monitor; there are: loss, accuracy"):
        model().fit(
            X, Y, epochs=1, optimizer=st.SGD(0.1), callbacks=[st.EarlyStopping("val_loss")], **OPTIONS
        )
    with pytest.raises(ValueError, match="patience"):
        st.EarlyStopping(patience=-1)
    with pytest.raises(ValueError, match="mode"):
        st.EarlyStopping(mode="down")


def test_checkpoints(tmp_path):
    net = model()
    best = st.Checkpoint(tmp_path / "best.safetensors", best_only=True)
    every = st.Checkpoint(tmp_path / "{epoch}.safetensors")
    history = net.fit(X, Y, epochs=5, optimizer=st.SGD(Falling()), callbacks=[best, every], **OPTIONS)
    place = int(np.argmin(history.loss))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f"{epoch}.safetensors" for epoch in range(1, 6)),
        "best.safetensors",
    ]
    kept = [st.load(tmp_path / f"{name}.safetensors").theta.numpy() for name in ("best", place + 1, 5)]
    assert np.array_equal(kept[0], kept[1])
    assert np.array_equal(kept[2], net.theta.numpy())


def test_a_checkpoint_refuses_before_training_what_cannot_be_saved(tmp_path):
    class Odd(st.Layer):
        def __init__(self, thing):
            self.thing = thing

        def forward(self, x, training=False):
            return x

        def backward(self, dy):
            return dy

    net = st.Sequential([Odd(object()), st.Dense(3)], seed=0)
    epochs = []
    count = st.LambdaCallback(on_batch_end=lambda training: epochs.append(1))
    with pytest.raises(TypeError, match=r"thing: only plain JSON can be saved"):
        checkpoint = st.Checkpoint(tmp_path / "m.safetensors")
        net.fit(X, Y, epochs=5, optimizer=st.SGD(0.1), callbacks=[checkpoint, count], **OPTIONS)
    assert epochs == []
