"""Brightness, contrast, blur and local contrast: in order, without wrapping around."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.plan import Variation
from colecionador.imaging.codec import Image
from tests.fix_images import Pixels, photograph_pixels, variation
from tests.imaging.variations.samples import by_name, images, varied

offsets = st.integers(-255, 255).map(lambda value: variation("brightness", offset=value))
factors = st.floats(0.1, 4).map(lambda value: variation("contrast", factor=value))


def colours(pixels: Pixels) -> Pixels:
    return pixels[:, :, :3] if pixels.ndim == 3 else pixels


@given(images(), st.one_of(offsets, factors))
def test_levels_keep_their_order(image: Image, which: Variation) -> None:
    before = colours(image.pixels).ravel()
    after = colours(varied(image.pixels, which)).ravel().astype(int)
    order = np.argsort(before, kind="stable")
    assert (np.diff(after[order]) >= 0).all()


@given(images(), st.integers(-255, 255))
def test_brightness_adds_and_stops_at_black_and_white(image: Image, offset: int) -> None:
    made = varied(image.pixels, variation("brightness", offset=offset))
    expected = np.clip(colours(image.pixels).astype(int) + offset, 0, 255)
    assert np.array_equal(colours(made), expected)


@given(images(), st.floats(1, 4))
def test_more_contrast_never_turns_a_level_towards_the_mean(image: Image, factor: float) -> None:
    made = colours(varied(image.pixels, variation("contrast", factor=factor))).astype(int)
    before = colours(image.pixels).astype(int)
    levels, first = np.unique(before, return_index=True)
    changes = (made.ravel()[first] - levels).astype(int)
    signs = np.sign(changes[changes != 0])
    assert (np.diff(signs) >= 0).all(), (
        "dark levels go down, bright ones up, and none the other way"
    )


@given(images(channels=(4,)), st.one_of(offsets, factors))
def test_alpha_is_left_alone(image: Image, which: Variation) -> None:
    assert np.array_equal(varied(image.pixels, which)[:, :, 3], image.pixels[:, :, 3])


def test_a_dark_picture_does_not_turn_black_under_contrast() -> None:
    dark = (photograph_pixels("chelsea.png") // 16).astype(np.uint8)
    made = varied(dark, by_name("contrast"))
    assert abs(float(made.mean()) - float(dark.mean())) < 1
    assert made.std() > 1.2 * dark.std()


def test_contrast_measures_only_what_can_be_seen() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 20, 4), dtype=np.uint8)
    pixels[:10, :, 3], pixels[10:, :, 3] = 255, 0
    other = pixels.copy()
    other[10:, :, :3] = 0
    first, second = (varied(each, by_name("contrast")) for each in (pixels, other))
    assert np.array_equal(first[:10], second[:10])


@given(images(channels=(1, 3)))
def test_a_blur_stays_between_the_darkest_and_the_brightest(image: Image) -> None:
    made = varied(image.pixels, by_name("blur"))
    assert made.min() >= image.pixels.min()
    assert made.max() <= image.pixels.max()


def test_a_blur_softens_and_keeps_the_brightness() -> None:
    photo = photograph_pixels("coffee.png")
    made = varied(photo, by_name("blur"))
    assert abs(float(made.mean()) - float(photo.mean())) < 0.5
    assert (
        np.abs(np.diff(made.astype(int), axis=1)).mean()
        < 0.8 * np.abs(np.diff(photo.astype(int), axis=1)).mean()
    )


@pytest.mark.parametrize("opaque", [255, 1])
def test_a_blur_weighs_colours_by_their_alpha(opaque: int) -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[:, :10] = (0, 0, 255, 0)
    pixels[:, 10:] = (0, 255, 0, opaque)
    made = varied(pixels, by_name("blur"))
    shown = made[:, :, 3] > 0
    assert (made[shown][:, 2] == 0).all(), "the hidden red bleeds into the green"
    assert (made[shown][:, 1] == 255).all()


@pytest.mark.parametrize("name", ["coins.png", "chelsea.png"])
def test_clahe_opens_up_local_contrast_and_keeps_hues(name: str) -> None:
    photo = photograph_pixels(name)
    flat = (96 + photo // 4).astype(np.uint8)
    made = varied(flat, by_name("clahe"))
    assert made.std() > 1.3 * flat.std()
    if name == "coins.png":
        assert np.array_equal(made[:, :, 0], made[:, :, 2])


def test_a_blur_with_alpha_has_no_seam_between_the_bands_that_it_works_in() -> None:
    random = np.random.default_rng(8)
    tall = random.integers(0, 256, (600, 20, 4), dtype=np.uint8)
    made = varied(tall, by_name("blur"))
    for top in (100, 254, 400):
        # Far from its own edges, a piece is blurred as the whole is.
        piece = varied(tall[top : top + 60].copy(), by_name("blur"))
        assert np.array_equal(piece[4:-4], made[top + 4 : top + 56])
