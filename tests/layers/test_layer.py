"""What every layer does: declaring, memory, protection, and layers of the user's own."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


class Scale(st.Layer):
    """y = factor * x, one factor for each component, in numpy."""

    def __init__(self, start=1.0):
        self.start = start

    def build(self, input_shape):
        self.parameter("factor", input_shape, init=self.start)
        return input_shape

    def forward(self, x, training=False):
        x = x.numpy()
        if training:
            self.saved = x
        return x * self.factor.numpy()

    def backward(self, dy):
        x, dy = self.take_saved(), dy.numpy()
        self.dfactor = (dy * x).sum(0)
        return dy * self.factor.numpy()


class Forgetful(st.Layer):
    """A layer whose author never heard of super().__init__, and returns float64 whatever comes."""

    def __init__(self):
        self.calls = 0

    def forward(self, x, training=False):
        self.calls += 1
        return np.asarray(x, np.float64) * 2

    def backward(self, dy):
        return np.asarray(dy, np.float64) * 2


def data(count=64, size=4, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, size)).astype(np.float32)
    return x, (x.sum(1) > 0).astype(int)


def test_a_layer_of_ones_own_trains_inside_a_sequential():
    x, y = data()
    layer = Scale()
    model = st.Sequential([layer, Forgetful(), st.Dense(2, activation="softmax")], seed=1)
    history = model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.3), epochs=20, seed=0, verbose=0)
    assert history.accuracy[-1] > 0.9
    assert not np.array_equal(layer.factor.numpy(), np.ones(4, np.float32))
    assert model(x).dtype == "float32"


def test_a_layer_of_ones_own_passes_the_gradient_check():
    x, y = data(5)
    model = st.Sequential([st.Dense(4, activation="tanh"), Scale(0.7), Forgetful(), st.Dense(2)], seed=1)
    assert model.check_gradients(x, y, "cross_entropy").ok


def test_the_gradient_check_finds_a_wrong_layer():
    class Wrong(Scale):
        def backward(self, dy):
            return super().backward(dy) * 1.001

    x, y = data(5)
    model = st.Sequential([st.Dense(4, activation="tanh"), Wrong(0.7), st.Dense(2)], seed=1)
    check = model.check_gradients(x, y, "cross_entropy")
    assert not check.ok
    assert {row.name for row in check.rows if row.error > check.tolerance} == {"input", "0.weight", "0.bias"}
    assert "WRONG" in repr(check)


def test_every_step_calls_a_layer_that_counts():
    x, y = data()
    layer = Forgetful()
    model = st.Sequential([layer, st.Dense(2)], seed=0)
    model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=3, batch_size=16, seed=0, verbose=0)
    assert layer.calls == 12


def test_what_a_layer_returns_is_checked_against_build():
    class Liar(st.Layer):
        def build(self, input_shape):
            return (3,)

        def forward(self, x, training=False):
            return x

    model = st.Sequential([Liar()], input_shape=4)
    with pytest.raises(
        ValueError, match=r"layer 1 \(Liar\): forward returned shape \(2, 4\); build promised \(N, 3\)"
    ):
        model(np.ones((2, 4)))


def test_a_forward_that_returns_nothing_is_named():
    class Silent(st.Layer):
        def forward(self, x, training=False):
            pass

    with pytest.raises(TypeError, match=r"layer 2 \(Silent\): forward returned None"):
        st.Sequential([st.Flatten(), Silent()], input_shape=4)(np.ones((2, 4)))


def test_assigning_to_a_parameter_writes_into_theta():
    layer = Scale()
    model = st.Sequential([layer, st.Dense(2)], input_shape=4, seed=0)
    layer.factor = [1, 2, 3, 4]
    assert model.theta.numpy()[:4].tolist() == [1, 2, 3, 4]
    layer.factor = 5
    assert model.theta.numpy()[:4].tolist() == [5, 5, 5, 5]
    layer.factor[1:3] = np.zeros(2, np.float32)
    assert model.theta.numpy()[:4].tolist() == [5, 0, 0, 5]
    with pytest.raises(ValueError, match=r"Scale.factor has shape \(4,\); got shape=\(3,\)"):
        layer.factor = [1, 2, 3]


@pytest.mark.parametrize(
    ("layer", "setting"),
    [
        (st.Dense(3), "units"),
        (st.Conv2D(2, 3, padding=1), "stride"),
        (st.MaxPool2D(1), "window"),
        (st.AveragePool2D(1), "count_padding"),
        (st.Dropout(0.5), "rate"),
        (st.LeakyReLU(), "slope"),
        (st.Reshape(-1), "shape"),
    ],
)
def test_structural_settings_are_read_only_after_build(layer, setting):
    setattr(layer, setting, getattr(layer, setting))
    layer.initialize((4, 4, 4))
    with pytest.raises(AttributeError, match=f"{setting} is read-only once the layer is built"):
        setattr(layer, setting, 7)


def test_backward_drops_what_forward_kept():
    for layer in (
        st.Dense(3, activation="tanh"),
        st.Conv2D(2, 3),
        st.MaxPool2D(2),
        st.AveragePool2D(2),
        st.ReLU(),
    ):
        layer.initialize((4, 4, 4), seed=0)
        dy = layer.forward(st.ones((2, 4, 4, 4)), training=True)
        layer.backward(dy)
        assert layer.saved is None
        with pytest.raises(RuntimeError, match="backward follows one forward"):
            layer.backward(dy)


def test_forward_without_training_keeps_nothing():
    layer = st.Dense(3).initialize((4,), seed=0)
    layer.forward(st.ones((2, 4)))
    assert layer.saved is None


def test_a_missing_attribute_says_that_the_layer_is_not_built():
    with pytest.raises(AttributeError, match="Dense has no attribute 'weight'; it is not built"):
        st.Dense(3).weight  # noqa: B018
    with pytest.raises(AttributeError, match=r"Dense has no attribute 'wieght'$"):
        st.Dense(3).initialize((2,)).wieght  # noqa: B018


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda layer: layer.parameter("no name", (2,)), "identifier"),
        (lambda layer: layer.parameter("forward", (2,)), "'forward' is taken"),
        (lambda layer: (layer.parameter("a", (2,)), layer.state("a", (2,))), "'a' is taken"),
        (lambda layer: layer.parameter("a", (0,)), "every size is at least 1"),
        (lambda layer: layer.parameter("a", (2, 2), layout=(0, 0)), "layout orders the axes"),
        (lambda layer: layer.parameter("a", (2,), init="he"), "init is one of"),
    ],
)
def test_declarations_are_checked(declare, message):
    class Declaring(st.Layer):
        def build(self, input_shape):
            declare(self)
            return input_shape

    with pytest.raises(ValueError, match=message):
        Declaring().initialize((2,))


def test_state_is_saved_but_not_trained(tmp_path):
    class Counting(st.Layer):
        def build(self, input_shape):
            self.state("seen", (1,))
            return input_shape

        def forward(self, x, training=False):
            if training:
                self.seen = float(self.seen[0]) + len(x)
            return x

        def backward(self, dy):
            return dy

    x, y = data()
    model = st.Sequential([Counting(), st.Dense(2)], seed=0)
    model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1, momentum=0.5), epochs=2, seed=0, verbose=0)
    assert model.states()["0.seen"].tolist() == [128.0]
    assert model.state.numpy()[0] == 128
    model.save(tmp_path / "m.safetensors")
    assert st.load(tmp_path / "m.safetensors", layers=[Counting]).state.numpy()[0] == 128
    model.check_gradients(x[:3], y[:3], "cross_entropy")
    assert model.state.numpy()[0] == 128


def test_trainable_reaches_the_layers_inside_and_clears_gradients():
    x, y = data()
    inner = st.Sequential([st.Dense(3), st.ReLU()])
    model = st.Sequential([inner, st.Dense(2)], seed=0)
    options = {"loss": "cross_entropy", "optimizer": st.SGD(0.1), "seed": 0, "verbose": 0}
    model.fit(x, y, epochs=1, **options)
    before = inner.layers[0].weight.numpy().copy(), model.layers[1].weight.numpy().copy()
    inner.trainable = False
    assert not inner.layers[0].trainable
    assert not inner.layers[0].dweight.numpy().any()
    model.fit(x, y, epochs=1, **options)
    assert np.array_equal(inner.layers[0].weight.numpy(), before[0])
    assert not np.array_equal(model.layers[1].weight.numpy(), before[1])
    inner.trainable = True
    model.fit(x, y, epochs=1, **options)
    assert not np.array_equal(inner.layers[0].weight.numpy(), before[0])


def test_a_layer_alone_builds_itself_for_its_input():
    assert st.Dense(3)(np.ones((2, 5))).dtype == "float64"
    assert st.Dense(3)(np.ones((2, 5), np.float32)).dtype == "float32"
    assert st.Conv2D(2, 3)(np.ones((1, 5, 5, 1), np.uint8)).shape == (1, 3, 3, 2)
