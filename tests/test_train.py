"""Fitting, evaluating, stepping: what is seen, in which order, divided by what, and what is refused."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import strate as st


class Recorder(st.Layer):
    """Passes x on and keeps a copy of every training batch."""

    def __init__(self):
        self.batches = []

    def forward(self, x, training=False):
        if training:
            self.batches.append(x.numpy().copy())
        return x

    def backward(self, dy):
        return dy


def classes(count=60, size=5, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, size)).astype(np.float32)
    return x, np.argmax(x[:, :3], 1)


def fitted(model, x, y, **options):
    given = {"loss": "cross_entropy", "optimizer": st.SGD(0.1), "epochs": 1, "seed": 0, "verbose": 0}
    return model.fit(x, y, **(given | options))


def test_one_batch_after_the_other_in_the_same_memory():
    """Nobody holds on to the last one while the next is drawn."""
    places = set()

    class Looking(Recorder):
        def forward(self, x, training=False):
            places.add(x.numpy().ctypes.data)
            return x

    fitted(st.Sequential([Looking(), st.Dense(3)]), *classes(64), batch_size=16, epochs=2)
    assert len(places) == 1


def numbered(count):
    return np.arange(count, dtype=np.float32)[:, None]


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_sample_is_seen_exactly_once_an_epoch(shuffle):
    seen = Recorder()
    model = st.Sequential([seen, st.Dense(1)], seed=0)
    options = {"loss": "squared_error", "optimizer": st.SGD(1e-6), "epochs": 3, "batch_size": 8}
    fitted(model, numbered(30), numbered(30), shuffle=shuffle, **options)
    assert [len(batch) for batch in seen.batches] == [8, 8, 8, 6] * 3
    epochs = [np.concatenate(seen.batches[i : i + 4]).ravel() for i in (0, 4, 8)]
    for order in epochs:
        assert sorted(order) == list(range(30))
        assert (order.tolist() == sorted(order)) is not shuffle
    assert np.array_equal(epochs[0], epochs[1]) is not shuffle


def test_inputs_and_targets_stay_together():
    kept = []

    class Keep(st.Loss):
        def __call__(self, y, target):
            kept.append((y.numpy().copy(), target.numpy().copy()))
            return 0.0, np.zeros(y.shape)

    model = st.Sequential([st.Dense(1, init=1.0)], seed=0)
    fitted(model, numbered(30), numbered(30), loss=Keep(), batch_size=7)
    assert all(np.array_equal(y, target) for y, target in kept)


def test_the_last_shorter_batch_divides_by_its_own_size():
    x, y = numbered(5), 2 * numbered(5)
    model = st.Sequential([st.Dense(1, init=0.0)], seed=0, dtype="float64")
    options = {"loss": "squared_error", "optimizer": st.SGD(0.01), "batch_size": 4, "shuffle": False}
    fitted(model, x, y, **options)
    w = b = 0.0
    for rows in (slice(0, 4), slice(4, 5)):
        delta = w * x[rows] + b - y[rows]
        w, b = w - 0.01 * float((delta * x[rows]).mean()), b - 0.01 * float(delta.mean())
    assert model.layers[0].weight.item() == pytest.approx(w, rel=1e-6)
    assert model.layers[0].bias.item() == pytest.approx(b, rel=1e-6)


def test_the_loss_of_an_epoch_is_the_mean_over_samples():
    x, y = classes(50)
    model = st.Sequential([st.Dense(3)], seed=0)
    history = fitted(model, x, y, optimizer=st.SGD(0.0), batch_size=16)
    scores = model.evaluate(x, y)
    assert history.loss[0] == pytest.approx(scores.loss, rel=1e-6)
    assert history.accuracy[0] == scores.accuracy
    assert model.evaluate(x, y, batch_size=7).loss == pytest.approx(scores.loss, rel=1e-6)


def test_weighted_means_do_not_depend_on_the_batches():
    x, y = classes(50)
    y[3] = 99
    loss = st.CrossEntropy(class_weight=[1, 5, 0.5], ignore_index=99)
    model = st.Sequential([st.Dense(3)], seed=0)
    fitted(model, x, y, loss=loss, optimizer=st.SGD(0.0))
    whole = model.evaluate(x, y, batch_size=50).loss
    assert model.evaluate(x, y, batch_size=7).loss == pytest.approx(whole, rel=1e-6)
    z = model.forward_logits(x).numpy().astype(float)
    keep = y != 99
    log = z - np.log(np.exp(z).sum(1, keepdims=True))
    weight = np.array([1, 5, 0.5])[y[keep]]
    assert whole == pytest.approx(-(weight * log[keep, y[keep]]).sum() / weight.sum(), rel=1e-5)


@pytest.mark.parametrize(
    "loss", [st.SquaredError(reduction="sum"), st.SquaredError(factor=1.0, reduction="sum")]
)
def test_a_sum_over_samples_is_a_sum_over_batches_too(loss):
    model = st.Sequential([st.Dense(1, init=0.0)], input_shape=1)
    expected = loss.factor * float((numbered(9) ** 2).sum())
    assert model.evaluate(numbered(9), numbered(9), loss=loss, batch_size=4).loss == pytest.approx(expected)


def test_validation_split_is_seeded_random_and_disjoint():
    def rows(seed, split=0.3):
        seen = Recorder()
        model = st.Sequential([seen, st.Dense(1)], seed=0)
        options = {"loss": "squared_error", "optimizer": st.SGD(1e-9), "batch_size": 100}
        history = fitted(model, numbered(50), numbered(50), validation_split=split, seed=seed, **options)
        assert len(history.val_loss) == 1
        return set(np.concatenate(seen.batches).ravel().tolist())

    learnt = rows(0)
    assert len(learnt) == 35
    assert learnt == rows(0)
    assert learnt != rows(1)
    assert learnt != set(range(35))
    assert len(rows(0, 0.5)) == 25


def test_validation_split_judges_exactly_what_is_not_learnt():
    kept = {True: set(), False: set()}

    class Keep(st.Layer):
        def forward(self, x, training=False):
            kept[training] |= set(x.numpy().ravel().tolist())
            return x

        def backward(self, dy):
            return dy

    model = st.Sequential([Keep(), st.Dense(1)], seed=0)
    options = {"loss": "squared_error", "optimizer": st.SGD(1e-9), "epochs": 2}
    fitted(model, numbered(40), numbered(40), validation_split=0.25, **options)
    assert len(kept[True]) == 30
    assert len(kept[False]) == 10
    assert kept[True] | kept[False] == set(range(40))


def test_validation_data_and_curves():
    x, y = classes()
    model = st.Sequential([st.Dense(3)], seed=0)
    history = fitted(
        model, x, y, epochs=4, validation_data=(x[:9], y[:9]), optimizer=st.SGD(lambda e: 0.1 / (e + 1))
    )
    assert set(history.curves) == {
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "seconds",
    }
    assert all(len(curve) == 4 for curve in history.curves.values())
    assert history.learning_rate == [0.1, 0.05, pytest.approx(0.1 / 3), 0.025]
    assert history.val_loss[-1] == pytest.approx(model.evaluate(x[:9], y[:9]).loss)
    assert history.epochs == 4
    assert not history.interrupted
    with pytest.raises(AttributeError, match="no curve 'top5'; there are: loss, accuracy"):
        history.top5  # noqa: B018


def test_seeds_fix_the_shuffle_and_the_weights_that_fit_makes():
    def theta(weights, order, shape=None):
        x, y = classes()
        model = st.Sequential([st.Dense(8), st.Dropout(0.5), st.Dense(3)], seed=weights, input_shape=shape)
        fitted(model, x, y, epochs=2, batch_size=16, seed=order)
        return model.theta.numpy()

    assert np.array_equal(theta(1, 2), theta(1, 2))
    assert not np.array_equal(theta(1, 2), theta(1, 3))
    assert not np.array_equal(theta(1, 2), theta(2, 2))
    assert np.array_equal(theta(None, 2), theta(None, 2))
    assert np.array_equal(theta(1, 2), theta(1, 2, 5))
    assert not np.array_equal(theta(1, None), theta(1, None))


def test_the_same_bits_for_1_2_and_7_threads():
    generator = np.random.default_rng(0)
    x, y = generator.random((150, 12, 12, 2)).astype(np.float32), generator.integers(0, 10, 150)

    def theta(threads):
        st.set_num_threads(threads)
        layers = [
            st.Conv2D(16, 5, padding=2, activation="relu"),
            st.MaxPool2D(2),
            st.Dropout(0.25),
            st.Flatten(),
        ]
        model = st.Sequential(
            [*layers, st.Dense(200, activation="tanh"), st.Dropout(0.5), st.Dense(10)], seed=1
        )
        fitted(model, x, y, optimizer=st.SGD(0.05, momentum=0.9), validation_split=0.1, seed=2)
        return model.theta.numpy().tobytes()

    before = st.num_threads()
    try:
        first = theta(1)
        assert theta(2) == first
        assert theta(7) == first
    finally:
        st.set_num_threads(before)


def test_uint8_images_are_scaled_and_the_summary_says_so():
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 256, (40, 6, 6, 1), np.uint8), generator.integers(0, 3, 40)

    def model(data):
        net = st.Sequential([st.Flatten(), st.Dense(3)], seed=0)
        fitted(net, data, y, epochs=2)
        return net

    scaled, real = model(x), model(x.astype(np.float32) / np.float32(255))
    assert np.allclose(scaled.theta.numpy(), real.theta.numpy(), rtol=1e-5, atol=1e-7)
    assert "uint8 inputs times 1/255" in repr(scaled.summary())
    assert real.input_scale is None
    assert "as they are" in repr(real.summary())


@pytest.mark.parametrize("form", [np.int64, np.uint8, np.int32, "one-hot", "list", "float one-hot"])
def test_targets_in_all_their_forms_train_alike(form):
    x, y = classes()

    def theta(target):
        model = st.Sequential([st.Dense(3, activation="softmax")], seed=0)
        history = fitted(model, x, target, epochs=2)
        return model.theta.numpy(), history.accuracy

    hot = np.eye(3)[y]
    targets = {"one-hot": hot.astype(int), "list": y.tolist(), "float one-hot": hot}
    expected, accuracy = theta(y)
    got, same = theta(targets[form] if isinstance(form, str) else y.astype(form))
    assert np.allclose(got, expected, atol=1e-6)
    assert same == accuracy


def test_labels_for_every_place_of_a_sequence():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(8, 5, 4)), generator.integers(0, 3, (8, 5))
    model = st.Sequential([st.Dense(3)], seed=0)
    history = fitted(model, x, y, epochs=3)
    assert history.loss[-1] < history.loss[0]
    assert 0 <= history.accuracy[-1] <= 1
    with pytest.raises(ValueError, match=r"target\[\(2, 1\)\]=7 \(row 2\)"):
        y[2, 1] = 7
        fitted(model, x, y)


def test_cross_entropy_on_softmax_and_on_logits_is_the_same():
    x, y = classes()
    softmax = st.Sequential([st.Dense(3, activation="softmax")], seed=0)
    linear = st.Sequential([st.Dense(3)], seed=0)
    for model in (softmax, linear):
        model.history = fitted(model, x, y, epochs=3)
    assert np.array_equal(softmax.theta.numpy(), linear.theta.numpy())
    assert softmax.history.loss == linear.history.loss
    assert "dz = y - t" in repr(softmax.summary())
    assert "the outputs y are logits" in repr(linear.summary())
    assert np.allclose(softmax.predict(x).sum(1), 1, atol=1e-6)


def test_a_single_callback_needs_no_list():
    seen = []
    callback = st.LambdaCallback(on_batch_end=lambda training: seen.append(training.batch_loss))
    history = fitted(st.Sequential([st.Dense(3)], seed=0), *classes(), callbacks=callback, batch_size=60)
    assert seen == history.loss


def test_zero_epochs_build_and_leave_theta():
    x, y = classes()
    model = st.Sequential([st.Dense(3)], seed=0)
    history = fitted(model, x, y, epochs=0, validation_split=0.5)
    assert history.epochs == 0
    assert history.loss == history.accuracy == history.val_loss == history.val_accuracy == []
    assert model.evaluate(x, y).loss > 0


def test_evaluate_uses_the_loss_of_fit():
    x, y = classes()
    model = st.Sequential([st.Dense(3)], seed=0)
    with pytest.raises(ValueError, match="has no loss yet: fit it first, or give loss="):
        model.evaluate(x, y)
    fitted(model, x, np.eye(3)[y], loss=st.SquaredError(1.0))
    scores = model.evaluate(x, np.eye(3)[y])
    assert list(scores) == ["loss"]
    assert scores.loss == pytest.approx(((model.predict(x) - np.eye(3)[y]) ** 2).sum(1).mean(), rel=1e-5)
    with pytest.raises(AttributeError, match="no score 'accuracy'; there are: loss"):
        scores.accuracy  # noqa: B018


def test_metrics_of_ones_own_see_probabilities():
    def confidence(y, target):
        return y.numpy().max(1).mean()

    x, y = classes()
    model = st.Sequential([st.Dense(3, activation="softmax")], seed=0)
    history = fitted(model, x, y, metrics=["accuracy", confidence], validation_split=0.2, batch_size=7)
    assert 1 / 3 <= history.confidence[0] <= 1
    scores = model.evaluate(x, y, metrics=confidence, batch_size=11)
    assert scores.confidence == pytest.approx(model.predict(x).max(1).mean(), rel=1e-6)


def test_train_on_batch():
    x, y = classes()
    model = st.Sequential([st.Dense(3)], seed=0)
    with pytest.raises(ValueError, match="give loss= and optimizer="):
        model.train_on_batch(x, y)
    first = model.train_on_batch(x, y, loss="cross_entropy", optimizer=st.SGD(0.1, momentum=0.9))
    losses = [model.train_on_batch(x, y) for _ in range(20)]
    assert losses[-1] < losses[0] < first
    twin = st.Sequential([st.Dense(3)], seed=0)
    fitted(twin, x, y, epochs=21, batch_size=60, shuffle=False, optimizer=st.SGD(0.1, momentum=0.9))
    assert np.array_equal(twin.theta.numpy(), model.theta.numpy())


def test_fit_on_a_model_that_is_training_raises():
    x, y = classes()
    model = st.Sequential([st.Dense(3)], seed=0)
    problems = []

    def again(training):
        for attempt in (
            lambda: fitted(model, x, y),
            lambda: model.train_on_batch(x, y),
            lambda: model.check_gradients(x, y, "cross_entropy"),
        ):
            thread = threading.Thread(target=keep_error, args=(attempt, problems))
            thread.start()
            thread.join()
        assert model.predict(x).shape == (60, 3)
        assert model.evaluate(x, y).loss > 0

    fitted(model, x, y, callbacks=[st.LambdaCallback(on_epoch_end=again)])
    assert [str(problem) for problem in problems] == ["Sequential is already training"] * 3
    fitted(model, x, y)


def keep_error(attempt, problems):
    try:
        attempt()
    except RuntimeError as error:
        problems.append(error)


def test_momentum_goes_on_from_fit_to_fit():
    x, y = classes()

    def theta(parts):
        model, optimizer = st.Sequential([st.Dense(3)], seed=0), st.SGD(0.1, momentum=0.9)
        for epochs in parts:
            fitted(model, x, y, epochs=epochs, shuffle=False, optimizer=optimizer)
        return model.theta.numpy()

    assert np.array_equal(theta([4]), theta([1, 3]))


def test_the_first_layer_does_not_compute_what_nobody_reads():
    asked = []

    class Asking(st.Layer):
        def forward(self, x, training=False):
            return x

        def backward(self, dy):
            asked.append(self.need_dx)
            return dy

    x, y = classes()
    layers = [Asking(), st.Sequential([Asking(), st.Dense(4), Asking()]), st.Dense(3)]
    model = st.Sequential(layers, seed=0)
    fitted(model, x, y, batch_size=60)
    assert asked == [True]
    asked.clear()
    layers[1].trainable = False
    fitted(model, x, y, batch_size=60)
    assert asked == []
    model.forward(x, training=True)
    assert model.backward(st.ones((60, 3))).shape == (60, 5)
    assert asked == [True, True, True]


def test_digits_are_learnt():
    (x, y), (x_test, y_test) = st.data.digits()
    model = st.Sequential(
        [
            st.Conv2D(8, 3, padding=1, activation="relu"),
            st.MaxPool2D(2),
            st.Flatten(),
            st.Dense(32, activation="relu"),
            st.Dense(10, activation="softmax"),
        ],
        seed=0,
    )
    optimizer = st.SGD(st.schedules.Cosine(0.1, epochs=15), momentum=0.9)
    history = fitted(model, x, y, epochs=15, batch_size=32, optimizer=optimizer)
    assert history.accuracy[-1] > 0.99
    assert model.evaluate(x_test, y_test).accuracy > 0.96
