"""One theta: its plan, its seeds, its protection; building, calling and predicting."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import strate as st


def lenet5(**options):
    return st.Sequential(
        [
            st.Conv2D(6, 5, padding=2, activation="relu"),
            st.MaxPool2D(2),
            st.Conv2D(16, 5, activation="relu"),
            st.MaxPool2D(2),
            st.Flatten(),
            st.Dense(120, activation="relu"),
            st.Dense(84, activation="relu"),
            st.Dense(10, activation="softmax"),
        ],
        **options,
    )


def address(tensor):
    return tensor.numpy().__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_are_views_of_one_aligned_theta_with_zero_gaps(dtype):
    model = lenet5(input_shape=(28, 28, 1), seed=0, dtype=dtype)
    values = model.parameters()
    assert sum(value.size for value in values.values()) == model.summary().parameters == 61_706
    used = np.zeros(model.theta.size, bool)
    for place in model.places():
        assert (address(model.theta) + place.begin * model.theta.numpy().itemsize) % 64 == 0
        assert not used[place.begin : place.end].any()
        used[place.begin : place.end] = True
    assert not model.theta.numpy()[~used].any()
    x = np.random.default_rng(0).random((8, 28, 28, 1))
    options = {
        "loss": "cross_entropy",
        "optimizer": st.SGD(0.1, momentum=0.9, weight_decay=0.1),
        "verbose": 0,
    }
    model.fit(x, np.arange(8), epochs=2, seed=0, **options)
    assert not model.theta.numpy()[~used].any()
    assert not model.gradient.numpy()[~used].any()
    assert np.shares_memory(model.layers[0].weight.numpy(), model.theta.numpy())
    assert np.shares_memory(model.layers[0].dweight.numpy(), model.gradient.numpy())


def test_theta_cannot_be_replaced():
    model = lenet5(input_shape=(28, 28, 1))
    for name in ("theta", "gradient", "state"):
        with pytest.raises(AttributeError):
            setattr(model, name, st.zeros(3))


def test_theta_is_written_in_place():
    model = st.Sequential([st.Dense(2)], input_shape=3, seed=0)
    theta, weight = model.theta, model.layers[0].weight
    model.train_on_batch(np.ones((4, 3)), np.zeros((4, 2)), loss="squared_error", optimizer=st.SGD(0.1))
    assert model.theta is theta
    assert model.layers[0].weight is weight
    theta.fill(1)
    assert weight.tolist() == [[1, 1, 1]] * 2


def test_weights_follow_from_the_seed_and_the_place_not_from_the_order_of_building():
    def make(seed):
        return st.Sequential([st.Conv2D(3, 3), st.Flatten(), st.Dense(4)], input_shape=(5, 5, 2), seed=seed)

    a, b = make(1), make(1)
    other, c = make(2), make(1)
    b.theta, other.theta, c.theta, a.theta  # noqa: B018
    assert np.array_equal(a.theta.numpy(), b.theta.numpy())
    assert np.array_equal(a.theta.numpy(), c.theta.numpy())
    assert not np.array_equal(a.theta.numpy(), other.theta.numpy())


def test_without_a_seed_two_models_differ():
    a, b = (st.Sequential([st.Dense(4)], input_shape=4) for _ in range(2))
    assert not np.array_equal(a.theta.numpy(), b.theta.numpy())
    twin = st.Sequential([st.Dense(4)], input_shape=4, seed=a.seed)
    assert np.array_equal(a.theta.numpy(), twin.theta.numpy())


def test_weights_are_the_same_in_both_dtypes_up_to_rounding():
    a, b = (
        st.Sequential([st.Dense(4)], input_shape=4, seed=3, dtype=dtype) for dtype in ("float32", "float64")
    )
    assert np.allclose(a.layers[0].weight.numpy(), b.layers[0].weight.numpy(), rtol=1e-6)


@pytest.mark.parametrize("seed", [-1, 1 << 63])
def test_seeds_out_of_range(seed):
    with pytest.raises(ValueError, match="a seed lies in"):
        st.Sequential([st.Dense(2)], seed=seed)


def test_seeds_that_are_not_whole():
    with pytest.raises(TypeError, match="whole number"):
        st.Sequential([st.Dense(2)], seed=1.5)


def test_a_layer_object_appears_once():
    layer = st.Dense(4)
    with pytest.raises(ValueError, match=r"layer 3 \(Dense\) is the same object as layer 1 \(Dense\)"):
        st.Sequential([layer, st.ReLU(), layer], input_shape=4)
    with pytest.raises(
        ValueError, match=r"layer 2 \(Sequential\), layer 1 \(Dense\) is the same object as layer 1"
    ):
        st.Sequential([layer, st.Sequential([layer])], input_shape=4)
    model = st.Sequential([layer], input_shape=4)
    with pytest.raises(ValueError, match=r"layer 1 \(Dense\): .*a layer appears once, in one model"):
        st.Sequential([layer], input_shape=4)
    assert model(np.ones((1, 4))).shape == (1, 4)


def test_a_failed_build_can_be_repeated():
    model = st.Sequential([st.Dense(4), st.Conv2D(2, 3)])
    for _ in range(2):
        with pytest.raises(ValueError, match=r"layer 2 \(Conv2D\): images are height x width"):
            model(np.ones((1, 7)))
    model = st.Sequential([st.Conv2D(2, 3), st.Flatten(), st.Dense(4)])
    with pytest.raises(ValueError, match="does not fit"):
        model(np.ones((1, 2, 2, 1)))
    assert model(np.ones((1, 5, 5, 1))).shape == (1, 4)


def test_a_wrong_architecture_fails_at_build_with_the_arithmetic():
    layers = [st.Conv2D(16, 5), st.MaxPool2D(2), st.Conv2D(6, 5)]
    with pytest.raises(ValueError) as caught:
        st.Sequential(layers, input_shape=(12, 12, 1))
    assert str(caught.value) == (
        "layer 3 (Conv2D): a 5x5 kernel does not fit 4x4x16 (padding 0); "
        "the layer before, MaxPool2D, gives 4x4x16"
    )


def test_errors_name_the_place_in_nested_models():
    inner = st.Sequential([st.Flatten(), st.Conv2D(6, 5)])
    with pytest.raises(ValueError) as caught:
        st.Sequential([st.ReLU(), inner], input_shape=(12, 12, 1))
    assert str(caught.value) == (
        "layer 2 (Sequential): layer 2 (Conv2D): images are height x width x channels; got 144; "
        "the layer before, Flatten, gives 144"
    )


def test_the_error_at_call_says_what_the_model_was_built_for():
    model = lenet5(input_shape=(28, 28, 1), name="lenet5")
    with pytest.raises(ValueError, match=r"^lenet5 was built for 28x28x1, got \(64, 32, 32, 1\)$"):
        model(np.zeros((64, 32, 32, 1)))
    with pytest.raises(ValueError, match=r"got \(28, 28, 1\); one sample is a batch of one: x\[None\]"):
        model.predict(np.zeros((28, 28, 1)))
    with pytest.raises(ValueError, match="takes a batch"):
        model(3.0)


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([], ValueError, "at least one layer"),
        ([st.Dense(2), st.Dense], TypeError, r"layer 2 is not a Layer, write Dense\(\.\.\.\)"),
        ([st.Dense(2), "relu"], TypeError, "layer 2 is not a Layer; got 'relu'"),
    ],
)
def test_what_is_not_a_model(layers, error, message):
    with pytest.raises(error, match=message):
        st.Sequential(layers)


def test_what_needs_an_input_shape_says_so():
    model = st.Sequential([st.Dense(2)], name="small")
    for use in (lambda: model.theta, model.summary, model.parameters):
        with pytest.raises(
            (RuntimeError, ValueError), match="small has no input_shape yet: give one, or call fit"
        ):
            use()


@pytest.mark.parametrize(
    "kind", [np.uint8, bool, np.int16, np.int64, np.float16, np.float32, np.float64, np.uint32]
)
def test_real_inputs_of_any_dtype(kind):
    model = st.Sequential([st.Dense(2, init=1.0, bias=False)], input_shape=3)
    x = np.array([[0, 1, 1], [1, 0, 0]], kind)
    expected = np.array([[2, 2], [1, 1]]) / (255 if kind is np.uint8 else 1)
    assert np.allclose(model(x).numpy(), expected)
    assert np.allclose(model.predict(x), expected)
    assert np.allclose(model.predict(x, batch_size=1), expected)
    assert np.allclose(model(x[:, ::-1][::-1]).numpy(), expected[::-1])
    assert np.allclose(model(x.tolist()).numpy() * (1 if kind is not np.uint8 else 1 / 255), expected)


@pytest.mark.parametrize("x", [np.ones((1, 3), complex), np.array([["a", "b", "c"]]), np.array([[None] * 3])])
def test_inputs_that_are_not_real(x):
    with pytest.raises(TypeError, match="real numbers are needed"):
        st.Sequential([st.Dense(2)], input_shape=3)(x)


def test_read_only_inputs():
    x = np.ones((3, 2), np.float32)
    x.setflags(write=False)
    model = st.Sequential([st.Flatten(), st.Dense(2)], seed=0)
    assert model(x).shape == model.predict(x).shape == (3, 2)
    model.fit(x, x, loss="squared_error", optimizer=st.SGD(0.1), epochs=1, verbose=0)


def test_a_model_too_large_for_memory_is_an_error():
    model = st.Sequential([st.Dense(10**9)], input_shape=10**6)
    with pytest.raises((MemoryError, ValueError)):
        model.theta  # noqa: B018
    with pytest.raises((MemoryError, ValueError)):
        st.Sequential([st.Dense(10**12)], input_shape=10**12).predict(np.zeros((0, 10**12), np.float32))


def test_big_endian_inputs():
    model = st.Sequential([st.Dense(2, init=1.0, bias=False)], input_shape=3)
    assert model(np.array([[1, 2, 3]], ">f4")).tolist() == [[6, 6]]


def test_predict_on_no_data_is_empty():
    model = lenet5(input_shape=(28, 28, 1))
    assert model.predict(np.zeros((0, 28, 28, 1))).shape == (0, 10)


def test_predict_returns_memory_of_its_own():
    model = st.Sequential([st.Flatten()], input_shape=3)
    x = np.ones((2, 3), np.float32)
    y = model.predict(x)
    y[:] = 7
    assert x.max() == 1


def test_concurrent_predict_and_first_use():
    model = lenet5(input_shape=(28, 28, 1), seed=0)
    x = np.random.default_rng(0).random((64, 28, 28, 1)).astype(np.float32)
    results: list = []
    threads = [threading.Thread(target=lambda: results.append(model.predict(x, 16))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all(np.array_equal(result, results[0]) for result in results)
    assert all(layer.saved is None for layer in model.layers)


def test_a_model_built_on_its_own_can_become_a_part():
    encoder = st.Sequential([st.Dense(3), st.Tanh()], input_shape=5)
    model = st.Sequential([encoder, st.Dense(5)], input_shape=5, seed=0)
    assert list(model.parameters()) == ["0.0.weight", "0.0.bias", "1.weight", "1.bias"]
    x = np.random.default_rng(0).normal(size=(16, 5)).astype(np.float32)
    model.fit(x, x, loss="squared_error", optimizer=st.SGD(0.05), epochs=3, verbose=0)
    code = encoder.predict(x)
    assert code.shape == (16, 3)
    with pytest.raises(RuntimeError, match="part of another model"):
        encoder.fit(x, code, loss="squared_error", optimizer=st.SGD(0.1), epochs=1)
    with pytest.raises(ValueError, match=r"layer 1 \(Sequential\): .*already in use"):
        st.Sequential([encoder], input_shape=5)
    with pytest.raises(ValueError, match="was made for 5, got 4"):
        st.Sequential([st.Sequential([st.Dense(3)], input_shape=5)], input_shape=4)


def test_a_model_frees_its_memory_at_once():
    model = st.Sequential([st.Dense(1000)], input_shape=1000)
    model.predict(np.ones((1, 1000)))
    gc.collect()
    gc.disable()
    try:
        used = st.memory()["used"]
        del model
        assert st.memory()["used"] <= used - 4_000_000
    finally:
        gc.enable()


def test_class_names():
    model = st.Sequential([st.Dense(2)], input_shape=3)
    model.class_names = np.array(["cat", "dog"])
    assert all(type(name) is str for name in model.class_names)
    assert model.class_names == ("cat", "dog")
    with pytest.raises(ValueError, match="3 class_names for an output of 2"):
        model.class_names = "abc"
    with pytest.raises(TypeError, match="text"):
        model.class_names = [1, 2]


def test_repr_shows_the_layers():
    text = repr(st.Sequential([st.Flatten(), st.Sequential([st.Dense(2, activation="relu")])]))
    assert text.splitlines()[1] == "    Flatten(),"
    assert "        Dense(units=2, activation='relu'" in text


def test_an_error_inside_a_layer_names_it():
    class Failing(st.Layer):
        def forward(self, x, training=False):
            raise KeyError("lost")

    model = st.Sequential([st.Flatten(), Failing()], input_shape=2, name="net")
    with pytest.raises(KeyError) as caught:
        model(np.ones((1, 2)))
    assert getattr(caught.value, "__notes__", ["in layer 2 (Failing) of net"]) == [
        "in layer 2 (Failing) of net"
    ]
