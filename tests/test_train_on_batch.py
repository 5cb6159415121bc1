"""Steps on single batches, one after the other, and what happens to the model between them."""

import numpy as np

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
