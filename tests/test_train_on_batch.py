"""Steps on single batches, one after the other, and what happens to the model between them."""

import gc
import weakref

import numpy as np
import pytest

import strate as st


def test_train_on_batch_notices_what_changed_since_the_last():
    x, y = np.random.default_rng(0).normal(size=(6, 4)).astype("float32"), np.arange(6) % 3
    first, last = st.Dense(5, activation="relu"), st.Dense(3)
    model = st.Sequential([first, last], input_shape=(4,), seed=0)
    learn = {"loss": "cross_entropy", "optimizer": st.SGD(0.5)}
    model.train_on_batch(x, y, **learn)
    first.trainable = False
    before = first.weight.numpy().copy(), last.weight.numpy().copy()
    model.train_on_batch(x, y, **learn)
    assert np.array_equal(first.weight.numpy(), before[0])
    assert not np.array_equal(last.weight.numpy(), before[1])
    first.trainable = True
    model.train_on_batch(x, y, **learn)
    assert not np.array_equal(first.weight.numpy(), before[0])
    model.forward(st.tensor(x), training=True)
    model.backward(st.full((6, 3), float("nan")))
    assert np.isfinite(model.train_on_batch(x, y, **learn)), "an earlier backward is nothing of this step"
    faster = st.SGD(2.0)
    before = last.weight.numpy().copy()
    model.train_on_batch(x, y, loss="cross_entropy", optimizer=faster)
    assert model.optimizer is faster and not np.array_equal(last.weight.numpy(), before)


@pytest.mark.parametrize("kind", [st.tensor, np.array])
def test_labels_are_looked_at_in_every_step(kind):
    model = st.Sequential([st.Dense(3)], input_shape=(4,), seed=0)
    x, y = kind(np.ones((2, 4), "float32")), kind(np.array([0, 2]))
    learn = {"loss": "cross_entropy", "optimizer": st.SGD(0.5)}
    losses = [model.train_on_batch(x, y, **learn) for _ in range(4)]
    assert losses == sorted(losses, reverse=True)
    for wrong in (3, -1):
        y[1] = wrong
        theta = model.theta.numpy().copy()
        with pytest.raises(ValueError, match=rf"labels lie in 0 ... 2; got target\[1\]={wrong} \(row 1\)"):
            model.train_on_batch(x, y, **learn)
        assert np.array_equal(model.theta.numpy(), theta)


def test_arrays_and_tensors_are_learnt_from_alike():
    """From the third step on the same kernels are replayed for both; what is not finite is named."""
    x, y = np.random.default_rng(0).normal(size=(6, 4)).astype("float32"), np.arange(6) % 3
    batches = {
        "tensors": (st.tensor(x), st.tensor(y)),
        "arrays": (x, y),
        "views": (np.repeat(x, 2, 1)[:, ::2], np.repeat(y, 2)[::2]),
        "converted": (x.astype("float64"), y.astype("int32")),
        "in turns": None,
    }
    found = {}
    for name, batch in batches.items():
        model = st.Sequential([st.Dense(5, activation="relu"), st.Dense(3)], input_shape=(4,), seed=0)
        learn = {"loss": "cross_entropy", "optimizer": st.SGD(0.5, momentum=0.9)}
        turns = [batch] if batch else [batches["tensors"], batches["arrays"], (x, st.tensor(y))]
        found[name] = [model.train_on_batch(*turns[i % len(turns)], **learn) for i in range(9)]
        assert found[name] == found["tensors"], name
        theta = model.theta.numpy().copy()
        with pytest.raises(st.NonFiniteError, match="input holds NaN or infinity, first in row 2"):
            model.train_on_batch(np.where(np.arange(6)[:, None] == 2, np.float32(np.nan), x), y, **learn)
        assert np.array_equal(model.theta.numpy(), theta)


def test_a_model_goes_with_its_last_reference():
    """Its memory is not kept until a garbage collection."""
    gc.disable()
    try:
        layers = [st.Dense(4), st.BatchNorm(), st.ReLU(), st.Dense(2, activation="softmax")]
        model, used = st.Sequential(layers, input_shape=3, seed=0), st._core.memory()["used"]
        del layers
        for _ in range(2):
            model.train_on_batch(
                np.ones((2, 3)), np.array([0, 1]), loss="cross_entropy", optimizer=st.SGD(0.1)
            )
        gone = weakref.ref(model)
        del model
        assert gone() is None and st._core.memory()["used"] <= used
    finally:
        gc.enable()


def test_a_backward_of_ones_own_after_a_step_gives_dx():
    """A step leaves out the gradient by the input, which nobody reads."""
    x = np.ones((2, 3), "float32")
    model = st.Sequential([st.Dense(4, activation="relu"), st.Dense(2)], input_shape=3, seed=0)
    model.train_on_batch(x, np.array([0, 1]), loss="cross_entropy", optimizer=st.SGD(0.1))
    y = model.forward(st.tensor(x), training=True)
    assert model.backward(st.ones(y.shape)).shape == x.shape
