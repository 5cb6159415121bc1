"""Residual, Parallel, Auxiliary and the shortcut of zeros: networks as expressions of layers."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st

GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=(6, 6, 6, 4)).astype(np.float32)
Y = np.array([0, 1, 2, 0, 1, 2])


class Double(st.Layer):
    """A layer of the user's own, in numpy."""

    def build(self, input_shape):
        self.parameter("factor", (1,), 2.0)
        return input_shape

    def forward(self, x, training=False):
        self.x = x.numpy()
        return self.x * self.factor.numpy()

    def backward(self, dy):
        self.dfactor = np.array([(dy.numpy() * self.x).sum()])
        return dy.numpy() * self.factor.numpy()


def basic_block(filters, stride=1):
    body = st.Sequential(
        [
            st.Conv2D(filters, 3, stride=stride, padding=1, activation="relu"),
            st.Conv2D(filters, 3, padding=1),
        ]
    )
    return st.Residual(body, None if stride == 1 else st.ZeroPadShortcut(filters, stride))


def inception():
    return st.Parallel(
        st.Conv2D(3, 1, activation="relu"),
        st.Sequential([st.Conv2D(2, 1), st.Conv2D(4, 3, padding=1)]),
        st.Sequential([st.MaxPool2D(3, stride=1, padding=1), st.Conv2D(2, 1)]),
    )


def squeeze_and_excitation(maps):
    squeeze = st.Sequential(
        [
            st.AveragePool2D(6),
            st.Dense(2, activation="relu"),
            st.Dense(maps, activation="sigmoid"),
        ]
    )
    return st.Parallel(st.Identity(), squeeze, merge="multiply")


def normalised(filters):
    conv = [st.Conv2D(filters, 3, padding=1, bias=False), st.BatchNorm()]
    return st.Residual(st.Sequential([*conv, st.ReLU(), st.Conv2D(filters, 1, bias=False), st.BatchNorm()]))


NETWORKS = {
    "residual": lambda: [basic_block(4), st.ReLU(), basic_block(8, 2), st.ReLU()],
    "normalised residual": lambda: [normalised(4), st.ReLU(), st.Residual(st.BatchNorm()), st.Tanh()],
    "projected": lambda: [st.Residual(st.Conv2D(8, 3, padding=1), st.Conv2D(8, 1)), st.Tanh()],
    "inception": lambda: [inception(), st.ReLU()],
    "squeeze": lambda: [squeeze_and_excitation(4)],
    "squeezed residual": lambda: [
        st.Residual(st.Sequential([st.Conv2D(4, 3, padding=1), squeeze_and_excitation(4)])),
        st.ReLU(),
    ],
    "sum of three": lambda: [st.Parallel(st.Conv2D(4, 1), st.AveragePool2D(6), st.Identity(), merge="add")],
    "product of three": lambda: [
        st.Parallel(st.AveragePool2D(6), st.Conv2D(4, 1), st.Identity(), merge="multiply")
    ],
    "own layer": lambda: [
        st.Residual(Double()),
        st.Parallel(Double(), st.Residual(st.Sequential([Double()]))),
    ],
    "auxiliary": lambda: [
        st.Conv2D(4, 3, padding=1, activation="tanh"),
        st.Auxiliary(st.Sequential([st.Flatten(), st.Dense(3, activation="softmax")]), 0.3),
    ],
}


def network(name, **options):
    layers = [*NETWORKS[name](), st.Flatten(), st.Dense(3, activation="softmax")]
    return st.Sequential(layers, input_shape=(6, 6, 4), seed=1, **options)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients(name):
    check = network(name).check_gradients(X[:2], Y[:2], "cross_entropy")
    assert check.ok, check


@pytest.mark.parametrize("name", NETWORKS)
def test_it_learns_saves_and_loads(name, tmp_path):
    model = network(name)
    optimizer = st.SGD(0.05, momentum=0.5)
    history = model.fit(
        X, Y, loss="cross_entropy", optimizer=optimizer, epochs=10, batch_size=3, seed=0, verbose=0
    )
    assert history.loss[-1] < history.loss[0]
    model.save(tmp_path / "model")
    twin = st.load(tmp_path / "model", layers=[Double])
    assert np.array_equal(twin.predict(X), model.predict(X))
    assert repr(twin) == repr(model)


@pytest.mark.parametrize("name", NETWORKS)
def test_fused_as_apart(name):
    fused, apart = network(name), network(name, fuse=False)
    assert np.array_equal(fused.theta.numpy(), apart.theta.numpy())
    for model in (fused, apart):
        model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
    error = np.abs(fused.gradient.numpy() - apart.gradient.numpy()).max()
    assert error <= 1e-5 * np.abs(apart.gradient.numpy()).max()


@pytest.mark.parametrize(
    "before",
    [
        lambda: [st.Dense(3), st.BatchNorm()],
        lambda: [st.Dense(3, activation="tanh"), st.BatchNorm()],
        lambda: [st.Dense(3), st.Residual(st.Dense(3))],
        lambda: [st.Dense(3), st.Sequential([st.Residual(st.Dense(3))])],
        lambda: [st.Dense(3)],
    ],
)
def test_a_sigmoid_at_the_end_meets_its_loss_once(before):
    """What the loss takes over may not hide in the layer before."""
    x, target = X[:, 0, 0], np.eye(3)[Y]
    losses = []
    for fuse in (True, False):
        model = st.Sequential([*before(), st.Sigmoid()], input_shape=4, seed=1, fuse=fuse)
        losses.append(model.train_on_batch(x, target, loss="binary_cross_entropy", optimizer=st.SGD(0.1)))
        assert model.output_activation == "sigmoid"
        assert model.check_gradients(x, target, "binary_cross_entropy").ok
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_bits_for_any_number_of_threads(name):
    found = []
    before = st.num_threads()
    try:
        for count in (1, 2, 7):
            st.set_num_threads(count)
            model = network(name)
            model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
            found.append(model.theta.numpy().tobytes())
    finally:
        st.set_num_threads(before)
    assert len(set(found)) == 1


def test_residual_adds():
    layer = st.Residual(st.Dense(4, init="zeros"))
    assert np.array_equal(layer(X).numpy(), X)
    both = st.Residual(st.Identity(), st.Identity())
    assert np.array_equal(both(X).numpy(), 2 * X)


def test_a_relu_is_computed_with_the_sum():
    model = network("residual")
    fused = [row.layer for row in model.summary().rows if row.fused]
    assert fused == ["ReLU (in 1)", "ReLU (in 3)"]


class Plain(st.Residual):
    """The sum in a pass of its own, after the body and before what follows."""

    def forward(self, x, training=False):
        other = x if self.shortcut is None else self.forward_of(self.shortcut, x, training)
        return self._sum(self.forward_of(self.body, x, training), other, x, training)

    def backward(self, dy):
        y, _ = self.take_saved()
        dz, dother = st._core.combine_backward(dy, y, None, None, dy.shape, self.kernel)
        if self.shortcut is not None:
            dother = self.backward_of(self.shortcut, dother)
        return st.tensor(self.backward_of(self.body, dz).numpy() + dother.numpy())


BODIES = {
    "convolutions": lambda: [st.Conv2D(4, 3, padding=1, activation="relu"), st.Conv2D(4, 3, padding=1)],
    "connections": lambda: [st.Conv2D(4, 3, padding=1, connections=np.eye(4))],
    "activation": lambda: [st.Conv2D(4, 3, padding=1, activation="tanh")],
    "pooled": lambda: [st.Conv2D(4, 3, padding=2), st.MaxPool2D(3, stride=1)],
    "normalised": lambda: [normalised(4)],
    "folded": lambda: [st.Conv2D(4, 1, bias=False), st.BatchNorm()],
    "norm and relu": lambda: [st.Conv2D(4, 1), st.BatchNorm(), st.ReLU()],
    "norm": lambda: [st.BatchNorm()],
    "norm and dense": lambda: [st.BatchNorm(), st.Dense(4)],
    "dense and norm": lambda: [st.Dense(4), st.BatchNorm()],
    "own layer": lambda: [Double()],
    "own layer inside": lambda: [Double(), st.Conv2D(4, 1), Double()],
    "nested": lambda: [st.Sequential([st.Conv2D(4, 1)]), st.Residual(st.Sequential([st.Conv2D(4, 1)]))],
}


@pytest.mark.parametrize("shortcut", [False, True])
@pytest.mark.parametrize("name", BODIES)
def test_a_sum_in_the_bodys_own_pass_has_the_same_bits(name, shortcut):
    found = []
    for kind in (st.Residual, Plain):
        block = kind(st.Sequential(BODIES[name]()), st.Conv2D(4, 1) if shortcut else None)
        layers = [st.Conv2D(4, 1), block, st.ReLU(), st.Flatten(), st.Dense(3, activation="softmax")]
        model = st.Sequential(layers, input_shape=(6, 6, 4), seed=1)
        y = [model.predict(X)]
        for _ in range(3):
            model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
        y.append(model.predict(X))
        found.append((y[0].tobytes(), y[1].tobytes(), model.gradient.numpy().tobytes()))
    assert found[0] == found[1]


def test_methods_replaced_inside_a_body_are_called():
    model = network("normalised residual")
    model.allocate()
    first, last = (model.layers[0].body.layers[place] for place in (0, 3))
    calls = []
    for layer, name in ((first, "backward"), (last, "forward")):
        method = getattr(layer, name)
        setattr(layer, name, lambda *given, m=method, n=name: calls.append(n) or m(*given))
    model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
    assert calls == ["forward", "backward"]


def test_parallel_puts_maps_side_by_side():
    y = st.Parallel(st.Identity(), st.Identity())(X).numpy()
    assert np.array_equal(y, np.concatenate([X, X], -1))


def test_parallel_spreads_1x1_maps():
    pool = st.AveragePool2D(6)
    y = st.Parallel(pool, st.Identity(), merge="multiply")(X).numpy()
    assert np.allclose(y, X * X.mean((1, 2), keepdims=True), atol=1e-6)


def test_zero_pad_shortcut():
    layer = st.ZeroPadShortcut(7, 2).initialize((5, 6, 4))
    x = GENERATOR.normal(size=(2, 5, 6, 4)).astype(np.float32)
    y = layer(x).numpy()
    assert y.shape == (2, 3, 3, 7)
    assert np.array_equal(y[..., :4], x[:, ::2, ::2]) and not y[..., 4:].any()
    dy = GENERATOR.normal(size=y.shape).astype(np.float32)
    dx = layer.backward(st.from_numpy(dy)).numpy()
    assert np.array_equal(dx[:, ::2, ::2], dy[..., :4])
    assert np.count_nonzero(dx) == np.count_nonzero(dy[..., :4])


def auxiliary_model(weight):
    head = st.Sequential([st.Flatten(), st.Dense(3, activation="softmax")])
    layers = [st.Conv2D(4, 3), st.Auxiliary(head, weight), st.Flatten(), st.Dense(3, activation="softmax")]
    return st.Sequential(layers, input_shape=(6, 6, 4), seed=1)


def test_an_auxiliary_head_adds_its_weighed_loss():
    model = auxiliary_model(0.3)
    own = model.evaluate(X, Y, loss="cross_entropy").loss
    hidden = model.layers[0](X)
    head = model.layers[1].head.forward(hidden).numpy()
    extra = -np.log(head[np.arange(6), Y]).mean()
    loss = model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.0))
    assert loss == pytest.approx(own + 0.3 * extra, rel=1e-6)


def test_an_auxiliary_head_is_not_run_outside_of_training():
    model = auxiliary_model(0.3)
    before = model.predict(X)
    model.layers[1].head.layers[1].weight = 7.0
    assert np.array_equal(model.predict(X), before)


def test_without_its_loss_an_auxiliary_head_gets_no_gradient():
    model = auxiliary_model(0.3)
    model.train_on_batch(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1))
    head = model.layers[1].head.layers[1]
    assert head.dweight.numpy().any()
    y = model(X, training=True)
    model.backward(y)
    assert not head.dweight.numpy().any()
    assert model.layers[0].dweight.numpy().any()


def test_a_head_that_is_frozen_stays():
    model = auxiliary_model(0.3)
    model.layers[1].trainable = False
    before = model.layers[1].head.layers[1].weight.numpy().copy()
    model.fit(X, Y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=2, verbose=0)
    assert np.array_equal(model.layers[1].head.layers[1].weight.numpy(), before)


def test_an_overflow_in_the_sum_is_named():
    model = st.Sequential([st.Residual(st.Dense(4, init="zeros")), st.Dense(3)], input_shape=4, seed=0)
    model.layers[0].body.bias = 3e38
    x = np.full((2, 4), 3e38, np.float32)
    with pytest.raises(st.NonFiniteError, match=r"the output of layer 1 \(Residual\) is the first"):
        model.train_on_batch(x, [0, 1], loss="cross_entropy", optimizer=st.SGD(0.1))


def test_memory_counts_what_containers_make():
    rows = {row.number: row for row in network("inception").summary().rows}
    assert rows["1"].memory == 4 * 6 * 6 * 9  # the maps side by side
    assert rows["1.2"].memory == 0  # what its last layer returned


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: st.Residual(st.Dense(3)),
            r"layer 1 \(Residual\): body and shortcut are added; the body gives 6x6x3, x is 6x6x4",
        ),
        (
            lambda: st.Residual(st.Conv2D(8, 3), st.Conv2D(8, 1)),
            "the body gives 4x4x8, the shortcut gives 6x6x8",
        ),
        (
            lambda: st.Residual(st.Conv2D(2, 9)),
            r"layer 1 \(Residual\): body \(Conv2D\): a 9x9 kernel does not fit",
        ),
        (
            lambda: st.Parallel(st.Conv2D(2, 1), st.Conv2D(2, 3)),
            r"differ in the last axis alone; got 6x6x2, 4x4x2",
        ),
        (
            lambda: st.Parallel(st.Flatten(), st.Identity()),
            r"layer 1 \(Parallel\): branches side by side differ in the last axis alone; got 144, 6x6x4",
        ),
        (
            lambda: st.Parallel(st.Identity(), st.Dense(3), merge="add"),
            "one shape, or 1x1 maps; got 6x6x4, 6x6x3",
        ),
        (
            lambda: st.Parallel(st.Identity(), st.GlobalAveragePool2D(), merge="multiply"),
            r"layer 1 \(Parallel\): .* one shape, or 1x1 maps; got 6x6x4, 4",
        ),
        (
            lambda: st.Parallel(st.Identity(), st.Conv2D(2, 7)),
            r"branch 2 \(Conv2D\): a 7x7 kernel does not fit",
        ),
        (lambda: st.ZeroPadShortcut(3), "filters=3 for 4 maps"),
    ],
)
def test_shapes_that_do_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        st.Sequential([make()], input_shape=(6, 6, 4))


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="at least one branch"):
        st.Parallel()
    with pytest.raises(ValueError, match="merge is one of concat, add, multiply; got merge='max'"):
        st.Parallel(st.Identity(), merge="max")
    with pytest.raises(TypeError, match=r"branch 2 is not a Layer, write Identity\(\.\.\.\)"):
        st.Parallel(st.Identity(), st.Identity)
    with pytest.raises(ValueError, match="weight is above 0; got weight=0"):
        st.Auxiliary(st.Dense(2), 0)
    shared = st.Dense(4)
    with pytest.raises(ValueError, match="is the same object as"):
        st.Sequential([st.Parallel(shared, shared)], input_shape=4)
