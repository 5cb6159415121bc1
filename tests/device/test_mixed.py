"""Mixed precision: bfloat16 between layers, the rest in float32, and results near to those in float32."""

import numpy as np
import pytest

import strate as st
from harness import error
from strate import _core, captured


def fit(model, x, y, precision="bf16", epochs=5, **options):
    options = {"optimizer": st.SGD(0.02, momentum=0.9), "loss": "cross_entropy", "batch_size": 16} | options
    return model.fit(x, y, epochs=epochs, seed=2, verbose=0, device="cuda", precision=precision, **options)


def data(*shape, count=32, classes=10):
    random = np.random.default_rng(0)
    return random.normal(size=(count, *shape)).astype("float32"), random.integers(0, classes, count)


def lenet():
    layers = [
        st.Conv2D(6, 5, padding=2), st.BatchNorm(), st.ReLU(), st.MaxPool2D(2),
        st.Conv2D(16, 5), st.BatchNorm(), st.ReLU(), st.MaxPool2D(2), st.Flatten(),
        st.Dense(120, activation="relu"), st.Dropout(0.25), st.Dense(84, activation="relu"),
        st.Dense(10, activation="softmax"),
    ]  # fmt: skip
    return st.Sequential(layers, input_shape=(28, 28, 1), seed=1)


def residual():
    def block(filters):
        body = [st.Conv2D(filters, 3, padding="same", bias=False), st.BatchNorm(), st.ReLU(),
                st.Conv2D(filters, 3, padding="same", bias=False), st.BatchNorm()]  # fmt: skip
        return st.Residual(st.Sequential(body))

    layers = [
        st.Conv2D(8, 3, padding="same", bias=False), st.BatchNorm(), st.ReLU(), block(8), st.ReLU(),
        st.GlobalAveragePool2D(), st.Dense(10, activation="softmax"),
    ]  # fmt: skip
    return st.Sequential(layers, input_shape=(8, 8, 1), seed=1)


def as_it_was(model):
    return not any("forward" in vars(layer) for _, layer in st.layers.tree.walk(model))


@pytest.mark.parametrize(("make", "shape"), [(lenet, (28, 28, 1)), (residual, (8, 8, 1))])
def test_ten_steps_are_near_those_in_float32(make, shape):
    """Not the same: where a number lies near a kink, rounding decides on which side."""
    x, y = data(*shape)
    exact, mixed = make(), make()
    wanted, found = fit(exact, x, y, "float32").loss, fit(mixed, x, y).loss
    assert np.allclose(found, wanted, rtol=0.05) and found[-1] < found[0]
    assert mixed.theta.dtype == mixed.gradient.dtype == mixed.state.dtype == "float32"
    assert mixed.optimizer.velocity.dtype == "float32"
    assert 1e-5 < error(mixed.theta.numpy(), exact.theta.numpy()) < 0.1
    assert as_it_was(mixed), "outside of fit"


def test_a_smooth_net_has_the_gradient_to_the_last_digits():
    x, y = data(12, 12, 3)
    gradients = []
    for precision in ("float32", "bf16"):
        layers = [
            st.Conv2D(8, 3, activation="tanh"), st.AveragePool2D(2),
            st.Conv2D(12, 3, stride=2, activation="tanh"), st.Conv2DTranspose(16, 3, activation="sigmoid"),
            st.Flatten(), st.Dense(10, activation="softmax"),
        ]  # fmt: skip
        model = st.Sequential(layers, input_shape=(12, 12, 3), seed=1)
        fit(model, x, y, precision, epochs=1, batch_size=32)
        gradients.append([place.view(model.gradient).numpy().copy() for place in model.places()])
    assert max(map(error, *reversed(gradients))) < 2**-5


@pytest.mark.parametrize(("make", "shape"), [(lenet, (28, 28, 1)), (residual, (8, 8, 1))])
def test_recorded_and_queued_one_by_one_the_same_bits(make, shape, monkeypatch):
    x, y = data(*shape, count=20)
    models = make(), make(), make()
    curves = [fit(model, x, y, epochs=4).loss for model in models[:2]]
    monkeypatch.setattr(captured, "may_be_recorded", lambda *_: False)
    curves.append(fit(models[2], x, y, epochs=4).loss)
    assert curves[0] == curves[1] == curves[2]
    assert len({model.theta.numpy().tobytes() for model in models}) == 1


class Spy(st.Layer):
    """Notes what it is given."""

    capturable = True

    def __init__(self):
        self.seen = set()

    def forward(self, x, training=False):
        self.seen.add(x.dtype)
        return x.numpy() if type(self) is Spy else x

    def backward(self, dy):
        self.seen.add(dy.dtype)
        return dy.numpy() if type(self) is Spy else dy


class NarrowSpy(Spy):
    bfloat16 = True


class Wrapping(st.Layer):
    """A layer of the user's own around one of ours, whose results are float32 to it."""

    def __init__(self, inner):
        self.inner, self.seen = inner, set()

    def children(self):
        return (self.inner,)

    def build(self, input_shape):
        return self.inner.declare(input_shape)

    def forward(self, x, training=False):
        y = self.inner.forward(x, training)
        self.seen.add(y.dtype)
        return y.numpy() + 1

    def backward(self, dy):
        dx = self.inner.backward(dy)
        self.seen.add(dx.dtype)
        return dx


def test_what_layers_are_given(monkeypatch):
    monkeypatch.setattr(captured, "may_be_recorded", lambda *_: False)
    x, y = data(7, classes=3)
    wide, narrow, wrapping = Spy(), NarrowSpy(), Wrapping(st.Dense(5))
    layers = [st.Dense(9), narrow, st.LayerNorm(), wide, wrapping, st.ReLU(), st.Dense(3)]
    model = st.Sequential(layers, input_shape=7, seed=0)
    assert len(fit(model, x, y).loss) == 5
    assert (wide.seen, narrow.seen, wrapping.seen) == ({"float32"}, {"bfloat16"}, {"float32"})
    narrow.seen.clear()
    model.evaluate(x, y)
    assert narrow.seen == {"float32"}, "outside of fit"


class Net(st.Sequential):
    """A class of the user's own that builds a network and computes nothing."""

    def __init__(self, spy):
        super().__init__([st.Dense(9), spy, st.ReLU(), st.Dense(3)], input_shape=7, seed=0)


class Overridden(st.Dense):
    """Ours, with a forward of the user's own, who expects float32."""

    def forward(self, x, training=False):
        self.seen = x.dtype
        return super().forward(x, training)


def test_classes_that_are_derived_from_ours():
    x, y = data(7, classes=3)
    spy, dense = NarrowSpy(), Overridden(9)
    fit(Net(spy), x, y)
    assert spy.seen == {"bfloat16"}
    fit(st.Sequential([st.Dense(5), dense, st.Dense(3)], input_shape=7, seed=0), x, y)
    assert dense.seen == "float32"


def words():
    """A feature is a number of the vocabulary, which bfloat16 would round, the other is used as it is."""
    branch = st.Sequential([st.Slice(0, 1), st.Reshape((5,)), st.Embedding(1000, 6)])
    layers = [st.Parallel(branch, st.Slice(1)), st.LSTM(7, return_sequences=True), st.Reverse(), st.GRU(5),
              st.Dense(3, activation="softmax")]  # fmt: skip
    return st.Sequential(layers, input_shape=(5, 2), seed=0)


def images():
    codes = np.sign(np.random.default_rng(0).normal(size=(3, 84)))
    narrow = st.Sequential([st.Conv2D(4, 1), st.UpSample2D(2), st.MaxPool2D(2)])
    gate = st.Sequential([st.GlobalAveragePool2D(keep_dims=True), st.Conv2D(8, 1, activation="sigmoid")])
    layers = [
        st.Rescaling(1.2, -0.1), st.Normalize(0.1, 1.1),
        st.Conv2D(4, 3, connections=np.ones((4, 3))), st.LocalResponseNorm(), st.SubSample2D(2),
        st.Parallel(st.Identity(), narrow), st.Parallel(st.Identity(), gate, merge="multiply"),
        st.Auxiliary(st.Sequential([st.Flatten(), st.Dense(3, activation="softmax")])),
        st.Residual(st.Conv2D(12, 3, stride=2, padding=1), st.ZeroPadShortcut(12)), st.LeakyReLU(),
        st.Conv2D(12, 3, padding=1, groups=12), st.Activation("softmax"), st.LayerNorm(), st.Flatten(),
        st.Dense(84, activation="scaled_tanh"), st.RBF(3, codes),
    ]  # fmt: skip
    return st.Sequential(layers, input_shape=(10, 10, 3), seed=0)


def test_every_layer_learns():
    random = np.random.default_rng(0)
    tokens = np.stack([random.integers(500, 1000, (32, 5)), random.integers(0, 3, (32, 5))], -1)
    for make, x in ((words, tokens.astype("float32")), (images, data(10, 10, 3)[0])):
        y = random.integers(0, 3, 32)
        wanted, found = (fit(make(), x, y, p, optimizer=st.Adam(0.002)).loss for p in ("float32", "bf16"))
        assert np.allclose(found, wanted, rtol=0.1) and found[-1] < found[0]


def test_masks():
    random = np.random.default_rng(0)
    x, y = random.integers(0, 300, (24, 6)), random.integers(0, 4, (24, 6))
    losses = []
    for precision in ("float32", "bf16"):
        layers = [st.Embedding(300, 8, mask_zero=True), st.RNN(9, return_sequences=True),
                  st.Dense(4, activation="softmax")]  # fmt: skip
        losses.append(fit(st.Sequential(layers, input_shape=6, seed=0), x, y, precision).loss)
    assert np.allclose(*losses, rtol=0.02)


def test_activations_take_half_the_memory(monkeypatch):
    monkeypatch.setattr(captured, "may_be_recorded", lambda *_: False)
    x, y = data(32, 32, 8)
    used = []
    for precision in ("float32", "bf16"):
        layers = [layer for _ in range(6) for layer in (st.Conv2D(8, 1), st.BatchNorm(), st.ReLU())]
        layers += [st.GlobalAveragePool2D(), st.Dense(10, activation="softmax")]
        model = st.Sequential(layers, input_shape=(32, 32, 8))
        model.to("cuda")
        st.cuda.release_memory()
        _core.cuda_reset_peak()
        before = st.cuda.memory()["used"]
        fit(model, x, y, precision, epochs=1, batch_size=32)
        used.append(st.cuda.memory()["peak"] - before - x.nbytes)  # the data are float32
    assert 0.4 < used[1] / used[0] < 0.6


@pytest.mark.parametrize("recorded", [True, False])
def test_a_step_that_is_not_finite_changes_nothing(recorded, monkeypatch):
    if not recorded:
        monkeypatch.setattr(captured, "may_be_recorded", lambda *_: False)
    x, y = data(8, 8, 1, count=60)
    model, twin = residual(), residual()
    x[40] = np.nan  # in the third batch
    with pytest.raises(st.NonFiniteError, match=r"epoch 1, batch 3: the input holds NaN"):
        fit(model, x, y, epochs=1, shuffle=False)
    fit(twin, x[:32], y[:32], epochs=1, shuffle=False)
    assert np.array_equal(model.theta.numpy(), twin.theta.numpy())
    assert np.array_equal(model.state.numpy(), twin.state.numpy())
    assert as_it_was(model)
    model.layers[-1].weight[0, 0] = np.inf
    with pytest.raises(st.NonFiniteError, match=r"parameter 6\.weight is not finite"):
        fit(model, x[:32], y[:32])


def test_an_output_beyond_bfloat16_is_found_in_its_layer():
    x, y = data(7, classes=3)
    model = st.Sequential([st.Dense(9), st.Dense(3, activation="softmax")], input_shape=7, seed=0)
    model.layers[0].weight.fill(3e38)
    with pytest.raises(st.NonFiniteError, match=r"the output of layer 1 \(Dense\) is the first"):
        fit(model, x, y)
