"""Preparing a picture: every step of the documented recipe, every kind of array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from strate.data import digits, fashion_mnist, mnist, prepare_picture, resize


def page(height=120, width=90, ink=1.0, paper=0.0) -> np.ndarray:
    """An L, drawn off centre: 60 high, 30 wide, strokes of 10."""
    picture = np.full((height, width), paper)
    picture[20:80, 10:20] = ink
    picture[70:80, 10:40] = ink
    return picture


def test_the_digit_fits_20x20_with_its_mass_in_the_middle():
    image = prepare_picture(page())
    assert image.shape == (28, 28, 1) and image.dtype == np.float32
    assert image.min() == 0 and image.max() == 1
    rows, columns = image.any((1, 2)).nonzero()[0], image.any((0, 2)).nonzero()[0]
    assert rows[-1] - rows[0] + 1 == 20 and columns[-1] - columns[0] + 1 == 10
    for axis in (0, 1):
        mass = image[..., 0].sum(1 - axis)
        assert abs((mass * np.arange(28)).sum() / mass.sum() - 14) <= 0.5


def test_dark_on_light_is_inverted_and_place_and_contrast_do_not_matter():
    expected = prepare_picture(page())
    for picture in (
        page(ink=0.0, paper=1.0),
        page(ink=0.2, paper=0.9),
        page(ink=0.6, paper=0.3),
        np.pad(page(), ((50, 0), (0, 200))),
    ):
        assert np.allclose(prepare_picture(picture), expected, atol=1e-5)


def test_kinds_of_arrays():
    grey = np.rint(page() * 255).astype(np.uint8)
    expected = prepare_picture(page())
    opaque = np.full_like(grey, 255)
    for picture in (
        page() > 0.5,
        grey,
        grey.astype(np.uint16) * 257,
        page().astype(np.float32),
        grey[..., None],
        np.stack([grey, opaque], -1),
        np.stack([grey] * 3, -1),
        np.stack([grey] * 3 + [opaque], -1),
        grey[::-1][::-1],
    ):
        assert np.allclose(prepare_picture(picture), expected, atol=1e-6)


def test_grey_is_luminance():
    """Paper of pure green and ink of pure blue: 0.587 against 0.114, dark on light."""
    picture = np.where(page()[..., None] > 0.5, [0, 0, 1.0], [0, 1.0, 0])
    assert np.allclose(prepare_picture(picture), prepare_picture(page()), atol=1e-6)
    with pytest.raises(
        ValueError, match="nothing is drawn"
    ):  # red of 0.587 / 0.299 would be as light as green
        prepare_picture(np.where(page()[..., None] > 0.5, [1.0, 0, 0], [0, 0.299 / 0.587, 0]))


def test_transparent_pictures_lie_on_white_paper_or_on_black():
    opacity = page()
    for ink in (0.0, 1.0):
        picture = np.stack([np.full_like(opacity, ink)] * 3 + [opacity], -1)
        assert np.allclose(prepare_picture(picture), prepare_picture(page()), atol=1e-6)


def test_grain_of_the_paper_does_not_move_the_digit():
    random = np.random.default_rng(0)
    noisy = page(ink=0.2, paper=0.8) + random.normal(0, 0.03, (120, 90))
    difference = np.abs(prepare_picture(np.clip(noisy, 0, 1)) - prepare_picture(page()))
    assert difference.mean() < 0.01


def test_thin_strokes_of_large_pictures_are_not_lost():
    picture = np.zeros((3000, 2000), bool)
    picture[500:2500, 995:1005] = True
    image = prepare_picture(picture)
    assert image.max() == 1 and (image > 0.4).any((1, 2)).sum() == 20


def test_digits_of_mnist_come_out_as_they_went_in(test_data):
    _, (x, _) = mnist(test_data / "mnist")
    prepared = np.stack([prepare_picture(image) for image in x[:300]])
    assert np.abs(prepared - x[:300]).mean() < 1e-3
    inverted = np.stack([prepare_picture(1 - image) for image in x[:300]])
    assert np.allclose(prepared, inverted, atol=1e-4)


def test_garments_of_fashion_mnist_come_out_as_they_went_in(test_data):
    """Some have rows so faint that they count as paper: those alone come out larger."""
    _, (x, _) = fashion_mnist(test_data / "fashion-mnist")
    pictures = 1 - np.pad(x[:300], ((0, 0), (5, 20), (40, 3), (0, 0)))
    prepared = np.stack([prepare_picture(picture, "fashion-mnist") for picture in pictures])
    assert (np.abs(prepared - x[:300]).mean((1, 2, 3)) < 0.01).mean() > 0.9


@pytest.mark.parametrize(
    "size, height, width", [(28, 28, 14), (56, 56, 28), ((10, 20), 10, 5), ((30, 6), 12, 6)]
)
def test_garments_fill_the_image_in_its_middle_without_distortion(size, height, width):
    image = prepare_picture(page(), "fashion-mnist", size)
    assert image.max() == 1
    rows, columns = image.any((1, 2)).nonzero()[0], image.any((0, 2)).nonzero()[0]
    assert (len(rows), len(columns)) == (height, width)
    for pixels, side in ((rows, image.shape[0]), (columns, image.shape[1])):
        assert pixels[0] - (side - 1 - pixels[-1]) in (0, 1)


def nearest(images: np.ndarray) -> np.ndarray:
    (x, y), _ = digits()
    flat, known = images.reshape(len(images), -1), x.reshape(len(x), -1)
    distance = (known**2).sum(1) - 2 * (flat[:, None] * known).sum(-1)
    return y[distance.argmin(1)]


def test_pictures_of_the_embedded_digits_are_still_recognised():
    """Enlarged, inverted, moved and prepared again, nine of ten look most like a digit of the same class."""
    _, (x, y) = digits()
    pictures = 1 - np.pad(resize(x, 100), ((0, 0), (10, 60), (40, 5), (0, 0)))
    prepared = np.stack([prepare_picture(picture, "digits", 8) for picture in pictures[:150]])
    assert prepared.shape == (150, 8, 8, 1) and np.array_equal(prepared * 16, np.rint(prepared * 16))
    assert (nearest(prepared) == y[:150]).mean() >= 0.9


def test_foreign_handwriting_is_brought_to_the_embedded_digits(test_data):
    """Other people, other pens: almost four of five by the nearest neighbour; unprepared, one of four."""
    _, (x, y) = mnist(test_data / "mnist")
    prepared = np.stack([prepare_picture(image, "digits", 8) for image in x[:300]])
    assert (nearest(prepared) == y[:300]).mean() >= 0.75


def test_like_digits_makes_upright_and_fills_the_height():
    slanted = np.zeros((100, 100))
    for row in range(20, 80):
        slanted[row, 70 - row // 2 : 76 - row // 2] = 1
    image = prepare_picture(slanted, "digits", 8)[..., 0]
    assert image.any(1).all()
    columns = image.any(0).nonzero()[0]
    assert columns[-1] - columns[0] + 1 <= 4
    assert abs(image.sum() * 16 - 300) < 80


@pytest.mark.parametrize("like", ["mnist", "digits", "fashion-mnist"])
@pytest.mark.parametrize("size", [8, 28, (32, 20)])
def test_other_sizes(like, size):
    height, width = size if isinstance(size, tuple) else (size, size)
    image = prepare_picture(page(), like, size)
    assert image.shape == (height, width, 1) and image.min() >= 0 and image.max() <= 1


@pytest.mark.parametrize("like", ["mnist", "digits", "fashion-mnist"])
@settings(max_examples=100)
@given(seed=some.integers(0, 10**6), height=some.integers(1, 40), width=some.integers(1, 40))
def test_any_picture_gives_an_image_in_range_or_a_value_error(like, seed, height, width):
    random = np.random.default_rng(seed)
    picture = random.uniform(size=(height, width)) > random.uniform(0, 1)
    try:
        image = prepare_picture(picture, like)
    except ValueError as error:
        assert "nothing is drawn" in str(error) and np.ptp(picture.astype(int)) == 0
    else:
        assert image.shape == (28, 28, 1) and np.isfinite(image).all()
        assert image.min() >= 0 and image.max() <= 1


@pytest.mark.parametrize(
    "picture, message",
    [
        (np.zeros((28, 28)), "nothing is drawn"),
        (np.full((28, 28), 200, np.uint8), "nothing is drawn"),
        (np.zeros((0, 28)), "got shape"),
        (np.zeros(28), "got shape"),
        (np.zeros((28, 28, 5)), "got shape"),
        (np.full((28, 28), 255.0), "floats in"),
        (np.full((28, 28), np.nan), "floats in"),
        (np.zeros((28, 28), np.int64), "got int64"),
    ],
)
def test_wrong_arrays(picture, message):
    with pytest.raises(ValueError, match=message):
        prepare_picture(picture)


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match="like is one of mnist, digits, fashion-mnist; got 'cifar'"):
        prepare_picture(page(), "cifar")
