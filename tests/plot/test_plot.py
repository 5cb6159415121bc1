"""Pictures: what is drawn where, and what is refused. No display, no pyplot."""

import io
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.colors import to_hex

import strate as st
from strate.plot.figure import RED


def texts(figure):
    return [axes.get_title() for axes in figure.axes]


def framed(figure):
    return [place for place, axes in enumerate(figure.axes) if axes.spines["top"].get_visible()]


@pytest.fixture(scope="module")
def run():
    (x, y), test = st.data.digits()
    model = st.zoo.softmax(input_shape=(8, 8, 1), seed=0)
    return model.fit(
        x,
        y,
        loss="cross_entropy",
        optimizer=st.SGD(0.1),
        epochs=4,
        seed=0,
        verbose=0,
        validation_data=test,
    )


def test_history_draws_training_and_validation(run):
    figure = st.plot.history(run)
    loss, accuracy = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["loss", "accuracy (%)"]
    for axes, name, scale in ((loss, "loss", 1), (accuracy, "accuracy", 100)):
        training, validation = axes.lines
        assert (training.get_label(), validation.get_label()) == ("training", "validation")
        assert list(training.get_xdata()) == [1, 2, 3, 4]
        np.testing.assert_allclose(training.get_ydata(), scale * np.array(getattr(run, name)))
        np.testing.assert_allclose(validation.get_ydata(), scale * np.array(getattr(run, "val_" + name)))
        assert axes.get_legend() is not None


def test_history_without_validation_has_one_curve_and_no_legend():
    x, y = np.eye(4), np.eye(4)
    model = st.Sequential([st.Dense(4)], seed=0)
    history = model.fit(x, y, loss="squared_error", optimizer=st.SGD(0.1), epochs=2, verbose=0)
    (axes,) = st.plot.history(history).axes
    assert len(axes.lines) == 1
    assert axes.get_legend() is None


def test_history_without_an_epoch_is_refused(run):
    with pytest.raises(ValueError, match="no finished epoch"):
        st.plot.history(type(run)())
    x, y = st.data.digits()[1]
    options = {"loss": "cross_entropy", "optimizer": st.SGD(0.1), "epochs": 0, "verbose": 0}
    history = st.zoo.softmax(input_shape=(8, 8, 1)).fit(x, y, **options)
    with pytest.raises(ValueError, match="no finished epoch"):
        st.plot.history(history)


def test_images_show_the_images():
    x = st.data.digits()[1][0][:7]
    figure = st.plot.images(x, columns=3)
    assert len(figure.axes) == 7
    for axes, image in zip(figure.axes, x, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), image[..., 0])
    assert texts(figure) == [""] * 7
    left, _, right = (axes.get_position().x0 for axes in figure.axes[:3])
    assert left < right
    assert figure.axes[3].get_position().y0 < figure.axes[0].get_position().y0


def test_images_mark_errors():
    x, y = np.zeros((4, 8, 8, 1), np.float32), np.array([0, 1, 2, 3])
    figure = st.plot.images(x, y, [0, 7, 2, 9])
    assert texts(figure) == ["0", "7, not 1", "2", "9, not 3"]
    assert framed(figure) == [1, 3]
    assert to_hex(figure.axes[1].spines["left"].get_edgecolor()) == RED
    assert to_hex(figure.axes[1].title.get_color()) == RED


def test_images_take_probabilities_and_names():
    x = np.zeros((2, 8, 8, 3), np.uint8)
    figure = st.plot.images(x, [0, 1], np.array([[0.9, 0.1], [0.8, 0.2]]), class_names=("cat", "dog"))
    assert texts(figure) == ["cat", "cat, not dog"]


def test_images_with_labels_or_predictions_alone_mark_nothing():
    x = np.zeros((2, 8, 8))
    for figure in (st.plot.images(x, [4, 5]), st.plot.images(x, predictions=[4, 5])):
        assert texts(figure) == ["4", "5"]
        assert framed(figure) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((0, 8, 8)),), "at least one"),
        ((np.zeros((8, 8)),), "images are"),
        ((np.zeros((2, 8, 8, 2)),), "images are"),
        ((np.zeros((2, 8, 8)), [1]), r"labels \(1,\)"),
        ((np.zeros((2, 8, 8)), [1, 2], [0.5, 0.5]), r"predictions \(2,\) float64"),
    ],
)
def test_images_refuse_what_does_not_match(arguments, message):
    with pytest.raises(ValueError, match=message):
        st.plot.images(*arguments)


def test_columns_are_at_least_one():
    with pytest.raises(ValueError, match="columns=0"):
        st.plot.images(np.zeros((2, 8, 8)), columns=0)


def test_filters_of_one_channel_share_a_scale():
    model = st.zoo.lenet5(seed=0)
    figure = st.plot.filters(model.layers[0])
    weight = np.asarray(model.layers[0].weight)
    assert len(figure.axes) == 6
    for axes, kernel in zip(figure.axes, weight, strict=True):
        picture = axes.images[0]
        np.testing.assert_array_equal(picture.get_array(), kernel[..., 0])
        assert picture.get_clim() == pytest.approx((-abs(weight).max(), abs(weight).max()))


def test_filters_of_three_channels_are_colours():
    layer = st.Conv2D(4, 5).initialize((8, 8, 3), seed=0)
    figure = st.plot.filters(layer)
    assert len(figure.axes) == 4
    picture = figure.axes[0].images[0].get_array()
    assert picture.shape == (5, 5, 3)
    assert (picture.min(), picture.max()) == (0, 1)


def test_filters_of_many_channels_are_a_table():
    model = st.zoo.lenet5(seed=0)
    figure = st.plot.filters(model.layers[2])
    assert len(figure.axes) == 16 * 6


def test_filters_of_a_dense_layer_need_the_shape_of_the_images():
    model = st.zoo.softmax(seed=0)
    layer = model.layers[1]
    assert len(st.plot.filters(layer, shape=(28, 28, 1)).axes) == 10
    with pytest.raises(ValueError, match="pass shape="):
        st.plot.filters(layer)
    with pytest.raises(ValueError, match="not images of shape"):
        st.plot.filters(layer, shape=(8, 8, 1))


def test_filters_need_weights():
    with pytest.raises(ValueError, match="got Flatten"):
        st.plot.filters(st.Flatten())


def test_figures_are_written_without_a_display(run):
    for figure in (st.plot.history(run), st.plot.images(np.zeros((3, 8, 8)), [1, 2, 3])):
        file = io.BytesIO()
        figure.savefig(file, format="png")
        assert file.getvalue().startswith(b"\x89PNG")


def test_pyplot_is_not_touched():
    code = (
        "import sys, numpy, strate as st\n"
        "assert 'matplotlib' not in sys.modules\n"
        "st.plot.images(numpy.zeros((2, 8, 8)), [1, 2])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "strate\[plot\]"'):
        st.plot.images(np.zeros((2, 8, 8)))
