"""The functions to minimise: gradients against differences, documented minima, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from strate.functions import SIX_HUMP_CAMEL_MINIMA, Quadratic, rosenbrock, six_hump_camel


def differences(f, theta: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences, exact up to O(h^4)."""

    def slope(i: int, h: float) -> float:
        shift = np.eye(len(theta))[i] * h
        return (f(theta + shift)[0] - f(theta - shift)[0]) / (2 * h)

    return np.array([(4 * slope(i, h / 2) - slope(i, h)) / 3 for i in range(len(theta))])


@pytest.mark.parametrize(
    "f, size",
    [
        (rosenbrock, 2),
        (rosenbrock, 3),
        (rosenbrock, 7),
        (six_hump_camel, 2),
        (Quadratic([3]), 1),
        (Quadratic([1, 10, 0], minimum=[1, 2, 3]), 3),
        (Quadratic([1, 2, 3, 4, 50], seed=5), 5),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_gradients(f, size, seed):
    theta = np.random.default_rng(seed).uniform(-2, 2, size)
    value, gradient = f(theta)
    expected = differences(f, theta)
    assert isinstance(value, float) and gradient.shape == (size,)
    assert np.abs(gradient - expected).max() <= 1e-7 * max(1, np.abs(expected).max())


def test_rosenbrock_has_its_minimum_at_one():
    for size in (2, 3, 10):
        value, gradient = rosenbrock(np.ones(size))
        assert value == 0 and not gradient.any()
    assert rosenbrock([-1.2, 1.0])[0] == pytest.approx(24.2)


@pytest.mark.parametrize("theta, lowest", SIX_HUMP_CAMEL_MINIMA)
def test_minima_of_the_camel(theta, lowest):
    value, gradient = six_hump_camel(theta)
    assert value == pytest.approx(lowest, abs=1e-12)
    assert np.abs(gradient).max() < 3e-11
    around = np.array(theta) + 1e-3 * np.array([(np.cos(a), np.sin(a)) for a in np.linspace(0, 6.2, 32)])
    assert min(six_hump_camel(near)[0] for near in around) > value


def test_the_camel_has_no_other_minimum():
    """A grid with its neighbours: exactly six cells are lower than all eight around them."""
    u, v = np.linspace(-2.2, 2.2, 441), np.linspace(-1.2, 1.2, 241)
    grid = np.array([[six_hump_camel((a, b))[0] for b in v] for a in u])
    inner = grid[1:-1, 1:-1]
    lower = np.ones_like(inner, bool)
    for i in (0, 1, 2):
        for j in (0, 1, 2):
            if (i, j) != (1, 1):
                lower &= inner < grid[i : i + inner.shape[0], j : j + inner.shape[1]]
    found = [(u[i + 1], v[j + 1]) for i, j in np.argwhere(lower)]
    expected = [theta for theta, _ in SIX_HUMP_CAMEL_MINIMA]
    np.testing.assert_allclose(sorted(found), sorted(expected), atol=0.011)


def test_eigenvalues_are_those_that_were_asked_for():
    f = Quadratic([1, 4, 9], minimum=[1, 0, -1], seed=2)
    np.testing.assert_allclose(np.linalg.eigvalsh(f.matrix), [1, 4, 9], rtol=1e-13)
    assert f.lipschitz == 9
    assert np.abs(f.matrix - np.diag(np.diag(f.matrix))).max() > 0.1  # it is rotated
    assert f([1, 0, -1])[0] == 0 and not f([1, 0, -1])[1].any()
    np.testing.assert_array_equal(f.matrix, Quadratic([1, 4, 9], seed=2).matrix)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Quadratic([1, -2]), "eigenvalues are 0 or more"),
        (lambda: Quadratic([]), r"\[Quadratic\] a vector of at least 1 numbers is needed; got shape=\(0,\)"),
        (lambda: Quadratic([1, 2], minimum=[0]), r"a vector of 2 numbers is needed; got shape=\(1,\)"),
        (lambda: Quadratic([1, 2])([1.0]), "a vector of 2 numbers"),
        (lambda: rosenbrock([1.0]), r"\[rosenbrock\] a vector of at least 2"),
        (lambda: six_hump_camel([[1.0, 2.0]]), r"\[six_hump_camel\] a vector of 2 .*got shape=\(1, 2\)"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_they_are_part_of_the_package():
    assert st.functions.rosenbrock is rosenbrock
