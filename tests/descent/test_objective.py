"""A model's loss as a function of theta: the same gradients as training, and descents on real digits."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st


def mlp(dtype="float64", seed=0, hidden=32, **settings):
    return st.Sequential(
        [st.Flatten(), st.Dense(hidden, activation="tanh"), st.Dense(10, activation="softmax")],
        seed=seed,
        dtype=dtype,
        **settings,
    )


@pytest.fixture(scope="module")
def digits():
    return st.data.digits()


class Below(st.StoppingTest):
    """J <= level: a test of a user's own."""

    formula = "J"

    def __init__(self, level: float):
        self.level = level

    def measure(self, iterate):
        return iterate.point.value

    def fires(self, measured, iterate):
        return measured <= self.level


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_the_gradient_is_that_of_the_value(digits, loss):
    x, y = (part[:40] for part in digits[0])
    model = st.Sequential(
        [st.Conv2D(3, 3, activation="tanh"), st.Flatten(), st.Dense(10, activation="softmax")],
        seed=1,
        dtype="float64",
    )
    f = st.objective(model, x, y if loss == "cross_entropy" else np.eye(10)[y], loss)
    theta = f.theta
    value, gradient = f(theta)
    assert gradient.dtype == np.float64 and gradient.shape == theta.shape == model.theta.shape
    direction = np.random.default_rng(0).normal(size=theta.size)
    inside = np.zeros(theta.size, bool)
    for place in model.places():
        inside[place.begin : place.end] = True
    assert 0 < inside.sum() < theta.size  # there are gaps
    assert not gradient[~inside].any() and not theta[~inside].any() and gradient[inside].all()
    direction[~inside] = 0
    h = 1e-5
    slope = (f(theta + h * direction)[0] - f(theta - h * direction)[0]) / (2 * h)
    assert slope == pytest.approx(gradient @ direction, rel=1e-7)
    assert f.evaluations == 3 and value == pytest.approx(f(theta)[0], rel=0)


def test_it_is_the_step_that_fit_takes(digits):
    """One full batch of SGD is one iteration with the same mu, bit for bit in float64."""
    x, y = (part[:100] for part in digits[0])
    trained, descended = mlp(), mlp()
    trained.fit(
        x, y, loss="cross_entropy", optimizer=st.SGD(0.5), epochs=1, batch_size=100, shuffle=False, verbose=0
    )
    f = st.objective(descended, x, y, "cross_entropy")
    st.minimize(f, f.theta, step=0.5, max_iterations=1)
    np.testing.assert_allclose(descended.theta.numpy(), trained.theta.numpy(), rtol=0, atol=1e-15)


def test_values_do_not_depend_on_what_was_evaluated_before(digits):
    """Dropout draws the same mask each time, and another seed another one."""
    x, y = (part[:60] for part in digits[0])

    def dropped(seed):
        layers = [st.Flatten(), st.Dropout(0.5), st.Dense(10, activation="softmax")]
        return st.Sequential(layers, seed=seed, dtype="float64")

    f = st.objective(dropped(3), x, y, "cross_entropy")
    theta = f.theta
    first = f(theta)
    f(theta + 1)
    again = f(theta)
    assert first[0] == again[0] and np.array_equal(first[1], again[1])
    g = st.objective(dropped(4), x, y, "cross_entropy")
    assert g(theta)[0] != first[0]


def test_state_is_set_back_before_each_evaluation(digits):
    class Drifting(st.Layer):
        """Its output depends on how often it ran."""

        def build(self, input_shape):
            self.state("count", (1,))
            return input_shape

        def forward(self, x, training=False):
            self.count = self.count.numpy() + 1
            return x.numpy() * self.count.numpy()

        def backward(self, dy):
            return dy.numpy() * self.count.numpy()

    x, y = (part[:20] for part in digits[0])
    model = st.Sequential([st.Flatten(), Drifting(), st.Dense(10, activation="softmax")], dtype="float64")
    f = st.objective(model, x, y, "cross_entropy")
    assert len({f(f.theta)[0] for _ in range(3)}) == 1
    assert model.state.numpy()[0] == 1


def test_untrained_layers_stay(digits):
    x, y = (part[:100] for part in digits[0])
    model = mlp(input_shape=(8, 8, 1))
    model.layers[1].trainable = False
    kept = model.layers[1].weight.numpy().copy()
    f = st.objective(model, x, y, "cross_entropy")
    result = st.minimize(f, f.theta, step=st.Armijo(), max_iterations=20)
    assert result.value < 0.8 * result.values[0]
    np.testing.assert_array_equal(model.layers[1].weight.numpy(), kept)


def test_untrained_layers_of_ones_own_stay(digits):
    class Scale(st.Layer):
        def build(self, input_shape):
            self.parameter("factor", (1,), init=1.0)
            return input_shape

        def forward(self, x, training=False):
            self.saved = x.numpy()
            return self.saved * self.factor.numpy()

        def backward(self, dy):
            self.dfactor = np.array([(dy.numpy() * self.saved).sum()])
            return dy.numpy() * self.factor.numpy()

    x, y = (part[:100] for part in digits[0])
    for trainable in (True, False):
        layers = [st.Flatten(), Scale(), st.Dense(10, activation="softmax")]
        model = st.Sequential(layers, input_shape=(8, 8, 1), seed=0, dtype="float64")
        model.layers[1].trainable = trainable
        f = st.objective(model, x, y, "cross_entropy")
        assert (f(f.theta)[1][0] != 0) == trainable


def test_the_model_holds_the_result(digits):
    (x, y), (x_test, y_test) = digits
    for dtype in ("float32", "float64"):
        model = mlp(dtype)
        f = st.objective(model, x, y, "cross_entropy")
        result = st.minimize(f, f.theta, step=st.StrongWolfe(), stop=st.GradientNorm(0.02))
        assert result.converged and result.path is None
        np.testing.assert_array_equal(model.theta.numpy(), result.theta.astype(dtype))
        assert model.evaluate(x, y).loss == pytest.approx(result.value, rel=1e-5)
        assert model.evaluate(x_test, y_test).accuracy > 0.94


def test_the_model_holds_the_last_good_theta_after_divergence(digits):
    x, y = (part[:100] for part in digits[0])
    model = st.Sequential([st.Flatten(), st.Dense(10)], seed=0, dtype="float64")
    f = st.objective(model, x, np.eye(10)[y], "squared_error")
    result = st.minimize(f, f.theta, step=1e200, stop=st.Divergence(np.inf))
    assert isinstance(result.fired.test, st.Divergence) and not np.isfinite(result.fired.value)
    assert np.isfinite(model.theta.numpy()).all()
    np.testing.assert_array_equal(model.theta.numpy(), result.theta)


def test_a_training_after_a_value_that_is_not_finite_starts_clean(digits):
    x, y = (part[:50] for part in digits[0])
    model = mlp()
    f = st.objective(model, x, y, "cross_entropy")
    theta = f.theta
    value, gradient = f(np.full_like(theta, 1e308))
    assert not np.isfinite(value) and np.isnan(gradient).all()
    f.theta = theta
    assert len(model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0).loss) == 1


def test_an_error_on_the_way_leaves_the_last_accepted_theta(digits):
    x, y = (part[:50] for part in digits[0])
    model = mlp()
    f = st.objective(model, x, y, "cross_entropy")
    theta = f.theta

    class Broken(st.StepRule):
        def search(self, line, before):
            line.at(5.0)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        st.minimize(f, theta, step=Broken())
    np.testing.assert_array_equal(f.theta, theta)


def test_line_search_against_a_grid_of_fixed_steps(digits):
    """Full-batch descent to J = 0.2: line searches need no grid to come close to the best step of one."""
    x, y = digits[0]

    def run(step):
        model = mlp()
        f = st.objective(model, x, y, "cross_entropy")
        return st.minimize(f, f.theta, step=step, stop=Below(0.2), max_iterations=400)

    grid = [run(mu) for mu in np.geomspace(0.02, 10, 10)]
    arrived = [result for result in grid if result.converged]
    assert 0 < len(arrived) < len(grid)  # some are too slow or too long
    best = min(result.evaluations for result in arrived)
    for rule in (st.Armijo(), st.StrongWolfe()):
        result = run(rule)
        assert result.converged and result.evaluations <= 4 * best
        assert (np.diff(result.values) < 0).all()
        assert result.evaluations < sum(r.evaluations for r in grid) / 10


def test_targets_inputs_and_loss_are_those_of_fit(digits):
    x, y = (part[:50] for part in st.data.digits(dtype="uint8")[0])
    model = mlp("float32")
    f = st.objective(model, x, y, "cross_entropy")
    assert model.input_scale == pytest.approx(1 / 255) and type(model.loss) is st.CrossEntropy
    assert f(f.theta)[0] == pytest.approx(model.evaluate(x, y).loss, rel=1e-6)


@pytest.mark.parametrize(
    "make, kind, message",
    [
        (
            lambda m, x, y: st.objective(m, x, y[:-1], "cross_entropy"),
            ValueError,
            "x has 50 samples, y has 49",
        ),
        (lambda m, x, y: st.objective(m, x[:0], y[:0], "cross_entropy"), ValueError, "there are no data"),
        (lambda m, x, y: st.objective(m, x, y, "crossentropy"), ValueError, "loss is one of"),
        (lambda m, x, y: st.objective(m, x, y + 5, "cross_entropy"), ValueError, r"row \d+"),
        (
            lambda m, x, y: st.objective(m.layers[1], x, y, "cross_entropy"),
            TypeError,
            r"\[objective\].*Dense",
        ),
    ],
)
def test_wrong_arguments(digits, make, kind, message):
    x, y = (part[:50] for part in digits[0])
    with pytest.raises(kind, match=message):
        make(mlp(), x, y)


def test_a_part_of_a_model_is_refused(digits):
    x, y = (part[:50] for part in digits[0])
    inner = st.Sequential([st.Dense(10)])
    outer = st.Sequential([inner], input_shape=(64,))
    with pytest.raises(RuntimeError, match="is part of another model"):
        st.objective(inner, x.reshape(50, 64), np.eye(10)[y], "squared_error")
    assert outer.built


def test_theta_has_the_shape_of_the_models(digits):
    x, y = (part[:50] for part in digits[0])
    f = st.objective(mlp(), x, y, "cross_entropy")
    with pytest.raises(ValueError, match=r"\[objective\] theta has shape \(\d+,\); got \(3,\)"):
        f(np.zeros(3))


def test_a_model_that_is_training_is_left_alone(digits):
    x, y = (part[:50] for part in digits[0])
    model = mlp()

    class Meddling(st.Callback):
        def on_batch_end(self, training):
            st.objective(model, x, y, "cross_entropy")

    with pytest.raises(RuntimeError, match="already training"):
        model.fit(
            x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=1, verbose=0, callbacks=[Meddling()]
        )
