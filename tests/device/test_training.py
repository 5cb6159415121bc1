"""Training on a device: as on the CPU, recorded or not the same bits, and nothing is lost by an error."""

import os
import subprocess
import sys

import numpy as np
import pytest

import strate as st
from strate import captured


@pytest.fixture(autouse=True)
def exact():
    with st.cuda.multiplying("float32"):
        yield


def data(count=12, side=28, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, side, side, 1)).astype("float32"), random.integers(0, 10, count)


def lenet(seed=1, rate=0.25):
    layers = [
        st.Conv2D(6, 5, padding=2, activation="relu"), st.MaxPool2D(2),
        st.Conv2D(16, 5, activation="relu"), st.MaxPool2D(2), st.Flatten(),
        st.Dense(120, activation="relu"), st.Dropout(rate), st.Dense(84, activation="relu"),
        st.Dense(10, activation="softmax"),
    ]  # fmt: skip
    return st.Sequential(layers, input_shape=(28, 28, 1), seed=seed)


def residual(seed=1):
    def block(filters):
        return st.Residual(
            st.Sequential([st.Conv2D(filters, 3, padding="same", bias=False), st.BatchNorm(), st.ReLU(),
                           st.Conv2D(filters, 3, padding="same", bias=False), st.BatchNorm()])
        )  # fmt: skip

    layers = [
        st.Conv2D(8, 3, padding="same", bias=False), st.BatchNorm(), st.ReLU(), block(8), st.ReLU(),
        st.GlobalAveragePool2D(), st.Dense(10, activation="softmax"),
    ]  # fmt: skip
    return st.Sequential(layers, input_shape=(8, 8, 1), seed=seed)


def learn(model, x, y, device, epochs=5, **options):
    options = {"optimizer": st.SGD(0.05, momentum=0.9), "batch_size": 6, "metrics": ["accuracy"]} | options
    options = {"loss": "cross_entropy"} | options
    history = model.fit(x, y, epochs=epochs, seed=2, verbose=0, device=device, **options)
    return history, model.theta.numpy().copy()


def error(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def test_ten_steps_of_lenet_as_on_the_cpu():
    x, y = data()
    with direct():
        here, wanted = learn(lenet(), x, y, "cpu")
    there, found = learn(lenet(), x, y, "cuda")
    assert error(found, wanted) <= 1e-4
    assert np.allclose(there.loss, here.loss, rtol=1e-4) and there.accuracy == here.accuracy


class direct:
    def __enter__(self):
        self.before = st.convolution()
        st.set_convolution("direct")

    def __exit__(self, *_):
        st.set_convolution(self.before)


def test_a_residual_net_with_its_state():
    x, y = data(side=8)
    models = residual(), residual()
    with direct():
        _, wanted = learn(models[0], x, y, "cpu")
    _, found = learn(models[1], x, y, "cuda")
    assert error(found, wanted) <= 1e-4
    assert error(models[1].state.numpy(), models[0].state.numpy()) <= 1e-4
    assert error(models[1].predict(x), models[0].predict(x)) <= 1e-4


@pytest.mark.parametrize("make", [lenet, residual])
def test_recorded_and_queued_one_by_one_the_same_bits(make, monkeypatch):
    x, y = data(side=28 if make is lenet else 8)
    recorded, again = learn(make(), x, y, "cuda"), learn(make(), x, y, "cuda")
    monkeypatch.setattr(captured, "may_be_recorded", lambda *_: False)
    eager = learn(make(), x, y, "cuda")
    assert recorded[1].tobytes() == again[1].tobytes() == eager[1].tobytes()
    assert recorded[0].loss == eager[0].loss and recorded[0].accuracy == eager[0].accuracy


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: st.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=1e-3, clip_norm=0.5),
        lambda: st.SGD(lambda epoch: 0.1 / (1 + epoch), clip_value=0.01),
        lambda: st.Adam(0.01),
        lambda: st.AdamW(0.01, weight_decay=0.1),
        lambda: st.RMSProp(0.01, momentum=0.5),
        lambda: st.Adagrad(0.01),
    ],
)
def test_every_optimiser(optimizer):
    x, y = np.random.default_rng(0).normal(size=(24, 7)), np.arange(24) % 3
    thetas = []
    for device in ("cpu", "cuda"):
        layers = [st.Dense(40, activation="tanh"), st.Dense(3, activation="softmax")]
        model = st.Sequential(layers, input_shape=7, seed=0)
        thetas.append(learn(model, x, y, device, optimizer=optimizer(), batch_size=8)[1])
    assert error(thetas[1], thetas[0]) <= 1e-5


@pytest.mark.parametrize("recorded", [True, False])
def test_a_step_that_is_not_finite_changes_nothing(recorded, monkeypatch):
    """Though the host hears of it some steps later."""
    x, y = data(count=60, side=8)
    if not recorded:
        monkeypatch.setattr(captured, "may_be_recorded", lambda *_: False)
    model = residual()
    learn(model, x[:24], y[:24], "cuda", shuffle=False, epochs=1)
    good = model.theta.numpy().copy(), model.state.numpy().copy(), model._memory().steps
    spoilt = x.copy()
    spoilt[31] = np.nan  # in the second batch of these
    with pytest.raises(st.NonFiniteError, match="epoch 1, batch 2") as caught:
        learn(model, spoilt[24:], y[24:], "cuda", shuffle=False, epochs=1)
    assert caught.value.batch == 2 and np.isfinite(model.theta.numpy()).all()
    assert np.isfinite(model.state.numpy()).all() and model._memory().steps == good[2] + 2
    twin = residual()
    learn(twin, x[:24], y[:24], "cuda", shuffle=False, epochs=1)
    learn(twin, x[24:30], y[24:30], "cuda", shuffle=False, epochs=1)
    assert np.array_equal(model.theta.numpy(), twin.theta.numpy())
    assert np.array_equal(model.state.numpy(), twin.state.numpy())
    learn(model, x, y, "cuda", epochs=1)
    assert np.isfinite(model.theta.numpy()).all(), "and it goes on"


def test_a_gradient_that_is_not_finite_is_found_though_the_loss_is():
    x, y = np.random.default_rng(0).normal(size=(60, 7)).astype("float32"), np.arange(60) % 2
    x[12:18], y[12:18] = 3e38, 0  # six of them, each with a gradient of about 1e38
    layers = [st.Dense(2, activation="softmax", init="zeros")]
    model = st.Sequential(layers, input_shape=7, seed=0)
    options = {"loss": st.CrossEntropy(reduction="sum"), "optimizer": st.SGD(1e-42), "epochs": 1}
    place = r"epoch 1, batch 3: the gradient of weight in layer 1 \(Dense\)"
    with pytest.raises(st.NonFiniteError, match=place):
        learn(model, x, y, "cuda", shuffle=False, **options)
    before = st.Sequential([st.Dense(2, activation="softmax", init="zeros")], input_shape=7, seed=0)
    learn(before, x[:12], y[:12], "cuda", shuffle=False, **options)
    assert np.array_equal(model.theta.numpy(), before.theta.numpy())


def test_what_an_optimiser_keeps_follows_the_model():
    x, y = data(side=8)
    rule = st.SGD(0.05, momentum=0.9)
    model, twin = residual(), residual()
    learn(model, x, y, "cpu", optimizer=rule, epochs=2)
    learn(model, x, y, "cuda", optimizer=rule, epochs=2)
    other = st.SGD(0.05, momentum=0.9)
    learn(twin, x, y, "cpu", optimizer=other, epochs=2)
    learn(twin, x, y, "cpu", optimizer=other, epochs=2)
    assert error(model.theta.numpy(), twin.theta.numpy()) <= 1e-4
    assert rule.velocity.device == "cuda" and model.device == "cuda"
    assert error(rule.velocity.numpy(), other.velocity.numpy()) <= 1e-3
    assert model.to("cpu") is model and model.theta.device == "cpu" and model.parameters()


class Counting(st.Layer):
    """Counts its calls: numpy inside, so a step with it is not recorded."""

    calls = 0

    def build(self, input_shape):
        self.parameter("factor", input_shape, 1.0)
        return input_shape

    def forward(self, x, training=False):
        self.calls += 1
        values = x.numpy()
        if training:
            self.saved = values
        return values * self.factor.numpy()

    def backward(self, dy):
        dy, x = dy.numpy(), self.saved
        self.saved = None
        self.dfactor = (dy * x).sum(0)
        return dy * self.factor.numpy()


def test_a_layer_of_the_users_own():
    x, y = np.random.default_rng(0).normal(size=(12, 7)).astype("float32"), np.arange(12) % 3
    thetas = []
    for device in ("cpu", "cuda"):
        counting = Counting()
        model = st.Sequential([st.Dense(9), counting, st.Dense(3, activation="softmax")], 7, seed=0)
        thetas.append(learn(model, x, y, device, epochs=4)[1])
        assert counting.calls == 8, "once in every step"
    assert error(thetas[1], thetas[0]) <= 1e-5


class SignDescent(st.Optimizer):
    """As the documentation writes one: numpy, in place."""

    def update(self, theta, gradient):
        theta.numpy()[:] -= self.rate * np.sign(gradient.numpy())


@pytest.mark.parametrize("limits", [{}, {"clip_norm": 0.1}, {"clip_value": 0.01}])
def test_an_optimiser_of_the_users_own(limits):
    x, y = np.random.default_rng(0).normal(size=(12, 7)).astype("float32"), np.arange(12) % 3
    thetas = []
    for device in ("cpu", "cuda"):
        frozen = st.Dense(9, activation="tanh")
        model = st.Sequential([frozen, st.Dense(3, activation="softmax")], input_shape=7, seed=0)
        frozen.trainable = False
        before = model.theta.numpy().copy()
        thetas.append(learn(model, x, y, device, optimizer=SignDescent(0.01, **limits))[1])
        assert not np.array_equal(thetas[-1], before)
    assert np.array_equal(*thetas)


def test_gradients_are_checked_and_functions_minimised_wherever_the_model_is():
    x, y = np.random.default_rng(0).normal(size=(6, 4)), np.arange(6) % 3
    found = []
    for device in ("cpu", "cuda"):
        layers = [st.Dense(5, activation="tanh"), st.BatchNorm(), st.Dense(3, activation="softmax")]
        model = st.Sequential(layers, input_shape=4, seed=0, dtype="float64").to(device)
        assert model.check_gradients(x, y, "cross_entropy").ok
        assert model.device == device and model.theta.device == device
        f = st.objective(model, x, y, "cross_entropy")
        found.append(f(f.theta))
    assert np.isclose(found[1][0], found[0][0], rtol=1e-12) and error(found[1][1], found[0][1]) <= 1e-12


def test_freezing_between_fits():
    x, y = np.random.default_rng(0).normal(size=(12, 7)).astype("float32"), np.arange(12) % 3
    first, last = st.Dense(9, activation="relu"), st.Dense(3, activation="softmax")
    model = st.Sequential([first, last], input_shape=7, seed=0)
    rule = st.SGD(0.1, momentum=0.9)
    learn(model, x, y, "cuda", optimizer=rule)
    first.trainable = False
    before = first.weight.numpy().copy(), last.weight.numpy().copy()
    learn(model, x, y, "cuda", optimizer=rule)
    assert np.array_equal(first.weight.numpy(), before[0])
    assert not np.array_equal(last.weight.numpy(), before[1])


def test_saving_evaluating_and_single_batches(tmp_path):
    x, y = data(side=8)
    model = residual()
    learn(model, x, y, "cuda")
    model.save(tmp_path / "model.safetensors")
    again = st.load(tmp_path / "model.safetensors")
    assert again.device == "cpu" and np.array_equal(again.theta.numpy(), model.theta.numpy())
    assert error(again.predict(x), model.predict(x)) <= 1e-5
    assert np.isclose(again.evaluate(x, y).loss, model.evaluate(x, y).loss, rtol=1e-5)
    there, here = (each.train_on_batch(x, y, optimizer=st.SGD(0.1)) for each in (model, again))
    assert model.device == "cuda" and np.isclose(there, here, rtol=1e-4)


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_rounded_products_learn_too(precision):
    x, y = np.random.default_rng(0).normal(size=(24, 7)).astype("float32"), np.arange(24) % 3
    layers = ([st.Dense(40, activation="tanh"), st.Dense(3, activation="softmax")] for _ in range(2))
    exact, rounded = (st.Sequential(each, input_shape=7, seed=0) for each in layers)
    learn(exact, x, y, "cuda", epochs=1, batch_size=24)
    learn(rounded, x, y, "cuda", epochs=1, batch_size=24, precision=precision)
    assert st.cuda.multiply() == "float32", "as it was before"
    difference = error(rounded.gradient.numpy(), exact.gradient.numpy())
    assert 1e-5 < difference < (3e-2 if precision == "bf16" else 3e-3)


def test_what_precision_cannot_do():
    x, y = np.ones((4, 3)), np.ones((4, 2))
    options = {"loss": "squared_error", "optimizer": st.SGD(0.1), "epochs": 1, "verbose": 0}
    model = st.Sequential([st.Dense(2)], input_shape=3)
    with pytest.raises(ValueError, match=r'precision says how a GPU multiplies; got .* on "cpu"'):
        model.fit(x, y, precision="bf16", **options)
    with pytest.raises(ValueError, match="precision is one of float32, tf32, bf16"):
        model.fit(x, y, precision="fp8", **options)
    double = st.Sequential([st.Dense(2)], input_shape=3, dtype="float64")
    with pytest.raises(ValueError, match="is for float32 models; Sequential is float64"):
        double.fit(x, y, precision="bf16", device="cuda", **options)


CROWDED = """
import numpy as np, strate as st
model = st.Sequential([st.Dense(64), st.Dense(10, activation="softmax")], input_shape=64, seed=0).to("cuda")
before = model.theta.numpy().copy()
x, y = np.zeros((1 << 16, 64), "float32"), np.zeros(1 << 16, "int64")
try:
    model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, batch_size=1 << 16, verbose=0)
except MemoryError as error:
    print(error)
assert np.array_equal(model.theta.numpy(), before) and not x.any()
model.fit(x[:64], y[:64], loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0)
"""


@pytest.mark.skipif(not os.environ.get("STRATE_CUDA_LIBRARY"), reason="the executor limits its memory")
def test_out_of_device_memory_says_how_much_and_leaves_the_model():
    environment = os.environ | {"STRATE_EXECUTOR_MEMORY": str(20 << 20)}
    done = subprocess.run([sys.executable, "-c", CROWDED], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(part in done.stdout for part in ("out of device memory: asked for", "held", "free"))
