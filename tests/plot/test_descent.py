"""Paths over level curves: what is drawn, within which window, and what is refused."""

import io

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import strate as st

BOWL = st.functions.Quadratic([1, 10])


def run(mu, start=(10.0, 2.0), f=BOWL, iterations=25, **settings):
    return st.minimize(f, start, step=mu, max_iterations=iterations, **settings)


def test_paths_of_several_steps():
    """p. 34: one path for each mu, with its start and its end."""
    paths = {f"mu = {mu}": run(mu, stop=st.GradientNorm(2)) for mu in (0.01, 0.1, 0.19)}
    (axes,) = st.plot.descent(BOWL, paths).axes
    assert len(axes.lines) == 9
    for place, (name, result) in enumerate(paths.items()):
        path, start, end = axes.lines[3 * place : 3 * place + 3]
        assert path.get_label() == name
        np.testing.assert_array_equal(path.get_xydata(), result.path)
        np.testing.assert_array_equal(start.get_xydata()[0], (10, 2))
        np.testing.assert_array_equal(end.get_xydata()[0], result.theta)
        assert end.get_marker() == ("o" if result.converged else "x")
        assert path.get_color() == start.get_color() == end.get_color()
    assert {line.get_marker() for line in axes.lines[2::3]} == {"o", "x"}
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(paths)


def test_level_curves_are_those_of_the_function():
    figure = st.plot.descent(BOWL, run(0.1))
    (curves,) = figure.axes[0].collections
    drawn = [path.vertices for path in curves.get_paths() if len(path.vertices)]
    assert len(drawn) > 15
    for vertices in drawn:
        heights = np.array([BOWL(point)[0] for point in vertices])
        assert np.ptp(heights) <= 0.05 * heights.max() + 0.05


def test_rosenbrock_against_line_search():
    """p. 35, and many points without markers."""
    f = st.functions.rosenbrock
    fixed = run(1e-3, (-1.2, 1.0), f, 2000)
    searched = run(st.StrongWolfe(), (-1.2, 1.0), f, 2000, stop=st.GradientNorm(1e-5))
    (axes,) = st.plot.descent(f, {"fixed": fixed, "strong Wolfe": searched}).axes
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for result in (fixed, searched):
        assert (result.path > (left, bottom)).all() and (result.path < (right, top)).all()
    assert axes.lines[0].get_marker() == ""


def test_a_path_that_diverges_leaves_the_window():
    away, home = run(0.3, iterations=60), run(0.1)
    assert np.abs(away.path).max() > 1e6
    (axes,) = st.plot.descent(BOWL, [away, home]).axes
    assert max(map(abs, (*axes.get_xlim(), *axes.get_ylim()))) < 20
    assert axes.get_legend() is None


def test_another_window_and_a_start_at_the_minimum():
    (axes,) = st.plot.descent(BOWL, run(0.1), window=((-1, 2), (-3, 4))).axes
    assert axes.get_xlim() == (-1, 2) and axes.get_ylim() == (-3, 4)
    (axes,) = st.plot.descent(BOWL, run(0.1, (0.0, 0.0))).axes
    assert axes.get_xlim()[0] < 0 < axes.get_xlim()[1]
    flat = st.minimize(lambda t: (1.0, 0 * t), [0.0, 0.0], step=1, max_iterations=2)
    (axes,) = st.plot.descent(lambda t: (1.0, 0 * t), flat).axes
    assert not axes.collections


@pytest.mark.parametrize(
    "make, message",
    [
        (list, "no descent to draw"),
        (lambda: run(0.1, keep_path=False), "path was not kept"),
        (lambda: st.minimize(st.functions.Quadratic([1]), [1.0], step=0.1), "theta has two numbers; got 1"),
    ],
)
def test_what_cannot_be_drawn(make, message):
    with pytest.raises(ValueError, match=message):
        st.plot.descent(BOWL, make())


def test_it_is_written_without_a_display():
    file = io.BytesIO()
    st.plot.descent(st.functions.six_hump_camel, run(0.02, (1.9, 0.9), st.functions.six_hump_camel)).savefig(
        file
    )
    assert file.getvalue().startswith(b"\x89PNG")
