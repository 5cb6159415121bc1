"""What `predict` takes and gives, the first time and when it is replayed."""

import numpy as np
import pytest

import strate as st
from strate.gradients import in_float64

pytestmark = pytest.mark.cpu_only


class Passes(st.Layer):
    def forward(self, x, training=False):
        return x


@pytest.mark.parametrize("layer", [st.Identity(), Passes()])
def test_a_prediction_is_never_the_callers_input(layer):
    """Of a model that returns it, recorded or not."""
    x = np.ones((3, 2), "float32")
    model = st.Sequential([layer], input_shape=2)
    for _ in range(4):
        y = model.predict(x)
        y[...] = 5.0
    assert (x == 1).all()


def test_a_recorded_prediction_takes_what_the_first_took_and_nothing_else(replays):
    model = st.Sequential([st.Dense(3, activation="tanh"), st.Dense(2)], input_shape=(4,), seed=0)
    x = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")
    for _ in range(4):
        assert np.array_equal(model.predict(x[:, ::2]), model.forward(st.tensor(x[:, ::2])).numpy())
    first = model.predict(x[:, :4])
    model.theta[:] = 2 * model.theta.numpy()
    assert np.array_equal(model.predict(x[:, :4]), model.forward(st.tensor(x[:, :4])).numpy())
    assert not np.array_equal(model.predict(x[:, :4]), first)
    assert np.array_equal(model.predict(x[:, :4], batch_size=2), model.predict(x[:, :4]))
    assert np.allclose(model.predict(x[:, :4].astype("float64")), model.predict(x[:, :4]))
    assert np.array_equal(model.predict(x[:, :4].astype(">f4")), model.predict(x[:, :4]))
    assert len(replays) == 12 - 2, "of one shape, all but the first two, other types among them"
    with in_float64(model):
        assert model.predict(x[:, :4]).dtype == np.float64, "other memory than was recorded"
    for wrong in (0, True, 1.5):
        with pytest.raises(ValueError, match="batch_size is a whole number"):
            model.predict(x[:, :4], batch_size=wrong)
    with pytest.raises(ValueError, match="was built for"):
        model.predict(x)


LIKE = {
    "array": lambda x: x,
    "tensor": st.tensor,
    "every second row": lambda x: np.repeat(x, 2, 0)[::2],
    "columns first": np.asfortranarray,
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
    "between the numbers": lambda x: np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
}
UNLIKE = {
    "most significant byte first": lambda x: x.astype(">f4"),
    "half": lambda x: x.astype("float16"),
    "double": lambda x: x.astype("float64"),
    "list": lambda x: x.tolist(),
    "array of another class": lambda x: x.view(np.recarray),
}


@pytest.mark.parametrize("kind", [*LIKE, *UNLIKE])
def test_what_is_like_the_arrays_before_is_replayed_at_once(kind, replays):
    model = st.Sequential([st.Dense(3, activation="tanh"), st.Dense(2)], input_shape=(4,), seed=0)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float16").astype("float32")
    expected = model.predict(x)
    for _ in range(2):
        model.predict(x)
    del replays[:]
    given = (LIKE | UNLIKE)[kind](x)
    found = model._predictor.again(model, given, 256)
    assert (found is not None) == (kind in LIKE)
    assert found is None or (np.array_equal(found, expected) and found.flags.owndata)
    assert np.array_equal(model.predict(given), expected) and len(replays) == 1 + (kind in LIKE)
