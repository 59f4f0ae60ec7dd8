"""Rotations, viewpoints, elastic deformation and colours: they look as they are called."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.plan import Variation
from colecionador.imaging.codec import Image
from colecionador.imaging.variations.rotate import inner_rectangle
from tests.fix_images import Pixels, photograph_pixels, psnr, variation
from tests.imaging.variations.samples import ADAPTIVE, by_name, images, varied

WHITE = np.full((120, 200, 3), 255, np.uint8)
PHOTO = photograph_pixels("coffee.png")

geometric = [known for known in ADAPTIVE if not known.operation.startswith("color")]


@pytest.mark.parametrize("which", geometric, ids=lambda known: known.name)
def test_no_corner_is_black(which: Variation) -> None:
    assert (varied(WHITE, which) == 255).all()


@pytest.mark.parametrize("degrees", range(-180, 181, 15))
def test_a_cropped_rotation_shows_nothing_but_the_image(degrees: int) -> None:
    image = np.zeros((301, 401), np.uint8)
    made = varied(image, variation("rotate", degrees=degrees, corners="crop"))
    height, width = made.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    corners = np.array(
        [(0, 0, 1), (width - 1, 0, 1), (0, height - 1, 1), (width - 1, height - 1, 1)]
    )
    across, down = (matrix @ corners.T) + np.array([[(401 - width) / 2], [(301 - height) / 2]])
    assert across.min() >= -1
    assert across.max() <= 401
    assert down.min() >= -1
    assert down.max() <= 301


@given(st.integers(1, 4000), st.integers(1, 4000), st.floats(-360, 360))
def test_the_inner_rectangle_lies_inside_and_could_not_grow(
    width: int, height: int, degrees: float
) -> None:
    inner_width, inner_height = inner_rectangle(width, height, degrees)
    sine, cosine = abs(np.sin(np.radians(degrees))), abs(np.cos(np.radians(degrees)))

    def fits(w: float, h: float) -> bool:
        return bool(
            w * cosine + h * sine <= width + 0.01 and w * sine + h * cosine <= height + 0.01
        )

    assert inner_width >= 1
    assert inner_height >= 1
    if min(inner_width, inner_height) > 1:
        assert fits(inner_width, inner_height)
    assert not fits(inner_width + 2, inner_height + 2)


def test_a_rotation_is_clockwise() -> None:
    quarter = varied(PHOTO, variation("rotate", degrees=90, corners="crop"))
    assert psnr(quarter, varied(PHOTO, by_name("rotate_90"))) > 40
    # A mark above the centre moves to its right.
    mark = np.zeros((201, 201), np.uint8)
    mark[30:50, 90:110] = 255
    down, across = np.nonzero(varied(mark, variation("rotate", degrees=45, corners="reflect")))
    assert across.mean() > 130
    assert down.mean() < 70


@given(images(channels=(1, 3)), st.sampled_from([0, 360, -360]))
def test_a_full_turn_changes_nothing(image: Image, degrees: int) -> None:
    for corners in ("reflect", "crop"):
        which = variation("rotate", degrees=degrees, corners=corners)
        made = varied(image.pixels, which)
        assert np.array_equal(made, image.pixels)


@pytest.mark.parametrize("side", ["left", "right"])
def test_perspective_brings_its_side_nearer(side: str) -> None:
    stripes = np.zeros((200, 300), np.uint8)
    stripes[80:120] = 255
    made = varied(stripes, variation("perspective", side=side, strength=0.4, jitter=0))
    left, right = (int((made[:, column] > 127).sum()) for column in (5, -6))
    assert (left > right + 15) if side == "left" else (right > left + 15)


@pytest.mark.parametrize(("factor", "size"), [(2.0, 80), (1.25, 50), (0.8, 32)])
def test_zoom_changes_the_size_of_things_by_its_factor(factor: float, size: int) -> None:
    pixels = np.zeros((200, 300), np.uint8)
    pixels[80:120, 130:170] = 255
    made = varied(pixels, variation("zoom", factor=factor))
    assert made.shape == pixels.shape
    assert abs(int((made[100] > 127).sum()) - size) <= 2


def test_what_surrounds_a_smaller_image_is_out_of_focus_and_the_image_is_not() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (400, 600, 3), np.uint8)
    made = varied(noise, variation("zoom", factor=0.8)).astype(float)
    small = cv2.resize(noise, (480, 320), interpolation=cv2.INTER_AREA)
    assert np.array_equal(made[40:360, 60:540], small)
    inside = small.std()
    for beside in (made[:20], made[-20:], made[40:360, :30], made[40:360, -30:]):
        assert beside.std() < inside / 10


def test_the_surroundings_begin_without_a_line() -> None:
    ramp = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (400, 1))
    made = varied(ramp, variation("zoom", factor=0.8)).astype(int)
    assert np.abs(np.diff(made, axis=1)).max() <= 3
    assert np.abs(np.diff(made, axis=0)).max() <= 3


@given(images(channels=(1, 3, 4)), st.floats(0.25, 0.99))
def test_every_image_can_be_seen_from_further_away(image: Image, factor: float) -> None:
    assert varied(image.pixels, variation("zoom", factor=factor)).shape == image.pixels.shape


def test_elastic_moves_things_a_little_and_smoothly() -> None:
    height, width = PHOTO.shape[:2]
    ramp = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    which = variation("elastic", amplitude=0.01, cells=6)
    moved = np.abs(varied(ramp, which).astype(int) - ramp)
    # The ramp rises 255 over the width, so a displacement of 1 % is 2.6 levels (and a little
    # more where the cubic curve overshoots its points).
    assert 2 <= moved[:, 20:-20].max() <= 6
    assert psnr(varied(PHOTO, which), PHOTO) > 15


def test_elastic_has_no_seam_between_the_bands_that_it_works_in() -> None:
    tall = np.tile(np.linspace(0, 255, 900).astype(np.uint8)[:, None], (1, 120))
    made = varied(tall, variation("elastic", amplitude=0.02, cells=8)).astype(int)
    assert np.abs(np.diff(made, axis=0)).max() <= 2


def mean_colour(pixels: Pixels) -> tuple[float, float, float]:
    blue, green, red = pixels.reshape(-1, 3).mean(axis=0)
    return float(blue), float(green), float(red)


def test_warm_light_is_redder_and_cool_light_bluer() -> None:
    blue, _, red = mean_colour(PHOTO)
    warm_blue, _, warm_red = mean_colour(varied(PHOTO, by_name("color_shift_warm")))
    cool_blue, _, cool_red = mean_colour(varied(PHOTO, by_name("color_shift_cool")))
    assert warm_red > red > cool_red
    assert warm_blue < blue < cool_blue


@pytest.mark.parametrize("name", ["color_shift_warm", "color_shift_cool", "color_jitter_1"])
def test_colours_change_little_enough_to_look_natural(name: str) -> None:
    for seed in range(20):
        assert psnr(varied(PHOTO, by_name(name), seed), PHOTO) > 15


def test_a_jitter_of_nothing_changes_nothing() -> None:
    still = variation("color_jitter", brightness=0, contrast=0, saturation=0, hue=0)
    assert psnr(varied(PHOTO, still), PHOTO) > 50


def test_a_hue_turn_leaves_greys_alone() -> None:
    grey = np.repeat(photograph_pixels("coins.png")[:, :, :1], 3, axis=2)
    turned = variation("color_jitter", brightness=0, contrast=0, saturation=1, hue=180)
    for seed in range(5):
        assert np.abs(varied(grey, turned, seed).astype(int) - grey).max() <= 1


def test_grey_pictures_take_the_change_of_their_luma() -> None:
    grey = photograph_pixels("coins.png")[:, :, 0].copy()
    made = varied(grey, by_name("color_jitter_1"), 2)
    colour = varied(np.repeat(grey[:, :, None], 3, axis=2), by_name("color_jitter_1"), 2)
    assert psnr(made, colour[:, :, 1]) > 35
