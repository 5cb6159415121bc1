"""One file for a model: what comes back is the same to the bit, and nothing else gets in."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import strate as st
from strate.io.safetensors_file import read, write


class Shift(st.Layer):
    def __init__(self, by=(1, 2)):
        self.by = by

    def build(self, input_shape):
        self.parameter("offset", input_shape, init=lambda shape, generator: generator.normal(size=shape))
        return input_shape

    def forward(self, x, training=False):
        return x.numpy() + self.offset.numpy() + self.by[0]

    def backward(self, dy):
        self.doffset = dy.numpy().sum(0)
        return dy


class Absolute(st.Loss):
    def __call__(self, y, target):
        difference = y.numpy() - target.numpy()
        return abs(difference).mean(), np.sign(difference) / difference.size


def full_model(**options):
    return st.Sequential(
        [
            st.Conv2D(4, 3, padding="same", activation="relu", init="he_normal"),
            st.Sequential([st.Conv2D(4, (3, 2), groups=2, stride=(2, 1)), st.LeakyReLU(0.2)], name="inner"),
            st.MaxPool2D(2, 1, padding=((0, 1), (1, 0)), ceil=True),
            st.AveragePool2D(2, count_padding=True, padding=1),
            st.Reshape((-1, 4)),
            st.Dense(5, activation=st.LeakyReLU(0.3), init=st.initializers.SmallUniform(0.2)),
            st.Flatten(),
            st.Dropout(0.3),
            st.Dense(6, bias=False),
            st.Tanh(),
            st.Dense(3, init=lambda shape, generator: generator.normal(size=shape)),
            st.Softmax(),
        ],
        **options,
    )


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    return generator.random((12, 8, 8, 2)).astype(np.float32), np.arange(12) % 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_are_bit_equal_after_reload(tmp_path, data, dtype):
    x, y = data
    model = full_model(seed=5, dtype=dtype, name="whole")
    model.layers[5].trainable = False
    loss = st.CrossEntropy(class_weight=[1, 2, 3], label_smoothing=0.1)
    options = {"loss": loss, "epochs": 2, "batch_size": 4, "seed": 0, "verbose": 0}
    model.fit(x, y, optimizer=st.SGD(0.1, momentum=0.9), **options)
    model.class_names = ["a", "b", "c"]
    path = tmp_path / "model.safetensors"
    model.save(path)
    twin = st.load(path)
    assert np.array_equal(twin.theta.numpy(), model.theta.numpy())
    assert np.array_equal(twin.predict(x), model.predict(x))
    assert twin.evaluate(x, y) == model.evaluate(x, y)
    assert repr(twin) == repr(model).replace("init=None", "init='glorot_uniform'")
    assert repr(twin.summary()) == repr(model.summary())
    assert (twin.name, twin.seed, twin.dtype, twin.class_names) == ("whole", 5, dtype, ("a", "b", "c"))
    assert not twin.layers[5].trainable
    for net in (model, twin):
        net.fit(x, y, optimizer=st.SGD(0.1), **options)
    assert np.array_equal(twin.theta.numpy(), model.theta.numpy()), "dropout goes on where it was"


def test_the_file_holds_contiguous_weights_in_the_users_shapes(tmp_path):
    model = st.Sequential([st.Conv2D(4, 3), st.Flatten(), st.Dense(5)], input_shape=(5, 5, 2), seed=0)
    model.save(tmp_path / "m.safetensors")
    tensors, metadata = read(tmp_path / "m.safetensors")
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "0.weight": (4, 3, 3, 2),
        "0.bias": (4,),
        "2.weight": (5, 36),
        "2.bias": (5,),
    }
    assert all(tensor.flags.c_contiguous for tensor in tensors.values())
    assert np.array_equal(tensors["2.weight"], model.layers[2].weight.numpy())
    assert json.loads(metadata["strate"])["input_shape"] == [5, 5, 2]


def test_the_same_model_gives_the_same_file(tmp_path):
    model = full_model(input_shape=(8, 8, 2), seed=0)
    for name in ("a", "b"):
        model.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_input_scaling_is_saved(tmp_path, data):
    x, y = (data[0] * 255).astype(np.uint8), data[1]
    model = st.Sequential([st.Flatten(), st.Dense(3)], seed=0)
    model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0)
    model.save(tmp_path / "m")
    twin = st.load(tmp_path / "m")
    assert twin.input_scale == model.input_scale == 1 / 255
    assert np.array_equal(twin.predict(x), model.predict(x))


def test_layers_and_losses_of_ones_own(tmp_path):
    x = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    model = st.Sequential([Shift((2, 3)), st.Dense(4)], seed=0)
    model.fit(x, x, loss=Absolute(), optimizer=st.SGD(0.01), epochs=2, verbose=0)
    path = tmp_path / "m"
    model.save(path)
    twin = st.load(path, layers=[Shift], losses=[Absolute])
    assert np.array_equal(twin.predict(x), model.predict(x))
    assert twin.layers[0].by == [2, 3]
    assert twin.evaluate(x, x) == model.evaluate(x, x)
    with pytest.raises(ValueError, match="class 'Shift' is not known; if it is yours, pass it"):
        st.load(path)
    known_layer = st.load(path, layers=[Shift])
    assert known_layer.loss is None
    with pytest.raises(ValueError, match="has no loss yet"):
        known_layer.evaluate(x, x)


@pytest.mark.parametrize(
    ("passed", "error", "message"),
    [
        ([Shift()], TypeError, "classes of Layers are passed"),
        ([Absolute], TypeError, "classes of Layers are passed"),
        ([type("Dense", (st.Layer,), {})], ValueError, "two classes named Dense"),
    ],
)
def test_what_load_takes(tmp_path, passed, error, message):
    st.Sequential([st.Dense(2)], input_shape=2).save(tmp_path / "m")
    with pytest.raises(error, match=message):
        st.load(tmp_path / "m", layers=passed)


@pytest.mark.parametrize("by", [object(), {1, 2}, np.float32(1), float("nan"), b"bytes", {1: 2}, 1 << 70])
def test_what_is_not_plain_json_is_refused_at_save(tmp_path, by):
    model = st.Sequential([Shift(by)], input_shape=2)
    with pytest.raises(
        (TypeError, ValueError), match=r"architecture\.model\.config\.layers\[0\]\.config\.by"
    ):
        model.save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_constructor_that_hides_its_arguments_is_refused(tmp_path):
    class Hiding(Shift):
        def __init__(self, amount):
            super().__init__((amount, 0))

    with pytest.raises(TypeError, match=r"Hiding does not keep its argument 'amount' in self\.amount"):
        st.Sequential([Hiding(1)], input_shape=2).save(tmp_path / "m")


def test_a_part_of_a_model_and_one_without_shape_cannot_be_saved(tmp_path):
    inner = st.Sequential([st.Dense(2)])
    with pytest.raises(RuntimeError, match="no input_shape"):
        inner.save(tmp_path / "m")
    st.Sequential([inner], input_shape=2)
    with pytest.raises(RuntimeError, match="part of another model"):
        inner.save(tmp_path / "m")


def edited(tmp_path, edit, edit_tensors=lambda tensors: None):
    """A file whose architecture and tensors were changed by hand."""
    path = tmp_path / "m"
    st.Sequential([st.Dense(3, activation="relu"), st.Dense(2)], input_shape=4, seed=0).save(path)
    tensors, metadata = read(path)
    saved = json.loads(metadata["strate"])
    edit(saved)
    edit_tensors(tensors)
    write(path, tensors, {"strate": json.dumps(saved)})
    return path


def first(saved):
    return saved["model"]["config"]["layers"][0]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda saved: first(saved).update({"class": "os.system"}), r"class 'os\.system' is not known"),
        (lambda saved: first(saved).update({"class": "strate.saving.load"}), "is not known"),
        (lambda saved: first(saved).update({"class": "Layer"}), "is not known"),
        (lambda saved: first(saved).update({"class": ["Dense"]}), "is not known"),
        (lambda saved: first(saved)["config"].update(units=10**12), r"0\.weight is \(1000000000000, 4\)"),
        (
            lambda saved: first(saved)["config"].update(units=4),
            r"0\.weight is \(4, 4\) float32 by the arch.* \(3, 4\)",
        ),
        (lambda saved: first(saved)["config"].update(units=-1), "units"),
        (lambda saved: first(saved)["config"].update(units="3"), "units"),
        (lambda saved: first(saved)["config"].update(unit=3), "unexpected keyword"),
        (
            lambda saved: first(saved)["config"].update(init={"class": "Dense", "config": {"units": 1}}),
            "init",
        ),
        (lambda saved: first(saved)["config"].update(activation="gelu"), "activation is one of"),
        (lambda saved: first(saved).update(config=[1]), "arguments of Dense are given by name"),
        (lambda saved: saved["model"]["config"].update(layers=[]), "at least one layer"),
        (lambda saved: saved["model"]["config"].update(layers=[3]), "not a Layer"),
        (lambda saved: saved["model"]["config"]["layers"].pop(), "no tensor 1.bias"),
        (lambda saved: saved.update(model=first(saved)), "outermost layer is a model; got Dense"),
        (lambda saved: saved.update(input_shape=[10**12]), r"0\.weight is \(3, 1000000000000\)"),
        (lambda saved: saved.update(input_shape=[-4]), "input_shape"),
        (lambda saved: saved.update(input_shape=4), "input_shape"),
        (lambda saved: saved.update(dtype="float16"), "dtype"),
        (lambda saved: saved.update(dtype="float64"), "0.weight is"),
        (lambda saved: saved.update(format=2), "format 1 is understood; got format=2"),
        (lambda saved: saved.update(seed="x"), "seed"),
        (lambda saved: saved.update(steps=-1), "steps"),
        (lambda saved: saved.update(class_names=["a"]), "1 class_names for an output of 2"),
        (lambda saved: saved.update(class_names=[1, 2]), "class_names are printable text"),
        (lambda saved: saved.update(class_names=["a", "\x1b[2J"]), "class_names are printable text"),
        (lambda saved: saved["model"]["config"].update(name=5), "name is printable text; got name=5"),
        (lambda saved: saved["model"]["config"].update(name="a\nb"), "name is printable text"),
        (lambda saved: saved.update(input_scale="x"), "input_scale"),
        (lambda saved: saved.update(input_scale=0.0), r"input_scale is 1/255 or none; got 0\.0"),
        (lambda saved: saved.update(loss=3), "loss"),
        (lambda saved: saved.update(loss={"class": "CrossEntropy"}), "the arguments of the loss are missing"),
        (lambda saved: saved.pop("loss"), "'loss' is missing"),
        (lambda saved: saved.pop("model"), "'model' is missing"),
    ],
)
def test_a_changed_file_is_refused_before_memory_is_made(tmp_path, edit, message):
    path = edited(tmp_path, edit)
    with pytest.raises(ValueError, match=message) as caught:
        st.load(path)
    assert str(caught.value).startswith(str(path))


def test_a_message_does_not_repeat_a_file_without_end(tmp_path):
    path = edited(tmp_path, lambda saved: first(saved).update({"class": "D" * 10**6}))
    with pytest.raises(ValueError, match="class 'DDD") as caught:
        st.load(path)
    assert len(str(caught.value)) < len(str(path)) + 600


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda tensors: tensors.pop("0.bias"), "tensor 0.bias is missing"),
        (lambda tensors: tensors.update({"2.weight": np.ones(3, np.float32)}), "has no tensor 2.weight"),
        (lambda tensors: tensors.update({"0.bias": np.ones(3)}), "float64"),
        (lambda tensors: tensors.update({"0.bias": np.ones((3, 1), np.float32)}), r"got \(3, 1\)"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(tmp_path, edit, message):
    path = edited(tmp_path, lambda saved: None, edit)
    with pytest.raises(ValueError, match=message):
        st.load(path)


def test_deep_nesting_is_refused(tmp_path):
    def nest(saved):
        for _ in range(60):
            inner = saved["model"]
            saved["model"] = {"class": "Sequential", "config": {"layers": [inner]}}

    with pytest.raises(ValueError, match="nested deeper"):
        write(tmp_path / "m", {}, {"strate": "[" * 10**5})
        st.load(tmp_path / "m")
    with pytest.raises(ValueError, match="nested deeper"):
        st.load(edited(tmp_path, nest))


def test_nothing_is_imported_for_a_name_in_a_file(tmp_path):
    path = edited(tmp_path, lambda saved: first(saved).update({"class": "this"}))
    with pytest.raises(ValueError, match="is not known"):
        st.load(path)
    assert "this" not in sys.modules


def test_files_that_are_not_models(tmp_path):
    with pytest.raises(FileNotFoundError):
        st.load(tmp_path / "none")
    write(tmp_path / "m", {"a": np.ones(3)}, {})
    with pytest.raises(ValueError, match="not a model of strate"):
        st.load(tmp_path / "m")
    write(tmp_path / "m", {"a": np.ones(3)}, {"strate": "[1, 2"})
    with pytest.raises(ValueError, match="not valid JSON"):
        st.load(tmp_path / "m")
    with pytest.raises(FileNotFoundError):
        st.Sequential([st.Dense(2)], input_shape=2).save(tmp_path / "no" / "folder")
