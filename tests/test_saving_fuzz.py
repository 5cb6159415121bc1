"""Files whose architecture was changed at random: refused by name, or loaded; never anything else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import strate as st
from strate.io.safetensors_file import read, write

SCALARS = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-(10**19), 10**19),
    some.sampled_from([0, -1, 1, 2, 10**6, 10**12, 2**31, 2**63 - 1]),
    some.floats(allow_nan=False, allow_infinity=False),
    some.text(max_size=8),
    some.sampled_from(
        ["Dense", "Sequential", "os.system", "same", "relu", "softmax", "float64", "class", "config"]
    ),
)
VALUES = some.recursive(
    SCALARS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "m"
    layers = [
        st.Conv2D(3, 3, stride=2, padding="same", activation=st.LeakyReLU(0.2)),
        st.Sequential([st.MaxPool2D(2, 1), st.AveragePool2D(2, padding=1), st.ReLU()]),
        st.Dropout(0.2),
        st.Flatten(),
        st.Reshape((-1, 3)),
        st.Dense(4, init=st.initializers.SmallUniform(0.1)),
        st.Flatten(),
        st.Dense(2, activation="softmax"),
    ]
    model = st.Sequential(layers, seed=0)
    x = np.zeros((4, 6, 6, 1), np.uint8)
    loss = st.CrossEntropy(class_weight=[1, 2], ignore_index=5)
    model.fit(x, [0, 1, 0, 1], loss=loss, optimizer=st.SGD(0.1), epochs=1, verbose=0)
    model.class_names = ["a", "b"]
    model.save(path)
    return path, *read(path)


def places(value, path=()):
    """Every path into a JSON value."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        yield from places(child, (*path, key))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_one_value_replaced_or_removed(saved, data):
    path, tensors, metadata = saved
    architecture = json.loads(metadata["strate"])
    *outer, last = data.draw(some.sampled_from([place for place in places(architecture) if place]))
    around = architecture
    for key in outer:
        around = around[key]
    if data.draw(some.booleans()):
        around[last] = data.draw(VALUES)
    else:
        del around[last]
    changed = path.with_name("changed")
    write(changed, tensors, {"strate": json.dumps(architecture)})
    try:
        model = st.load(changed)
    except ValueError as error:
        assert str(error).startswith(str(changed))
    else:
        assert model.predict(np.zeros((1, *model.input_shape))).shape == (1, *model.output_shape)
        assert repr(model.summary()).startswith(model.name)
        assert model.loss is None or isinstance(model.loss, st.Loss)
