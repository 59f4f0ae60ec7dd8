"""Quarter turns and mirror images: exact, whatever the shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from colecionador.imaging.codec import Image
from tests.fix_images import photograph_pixels
from tests.imaging.variations.samples import by_name, images, varied


@given(images())
def test_four_quarter_turns_are_the_identity(image: Image) -> None:
    turned = image.pixels
    for _ in range(4):
        turned = varied(turned, by_name("rotate_90"))
    assert np.array_equal(turned, image.pixels)


@given(images())
def test_a_quarter_turn_is_clockwise(image: Image) -> None:
    assert np.array_equal(varied(image.pixels, by_name("rotate_90")), np.rot90(image.pixels, -1))


@given(images())
def test_turns_add_up(image: Image) -> None:
    once = varied(image.pixels, by_name("rotate_90"))
    twice = varied(once, by_name("rotate_90"))
    assert np.array_equal(twice, varied(image.pixels, by_name("rotate_180")))
    assert np.array_equal(
        varied(twice, by_name("rotate_90")), varied(image.pixels, by_name("rotate_270"))
    )


@pytest.mark.parametrize("name", ["flip_horizontal", "flip_vertical"])
@given(image=images())
def test_a_flip_is_its_own_inverse(name: str, image: Image) -> None:
    flipped = varied(image.pixels, by_name(name))
    assert np.array_equal(varied(flipped, by_name(name)), image.pixels)


@given(images())
def test_both_flips_are_a_half_turn(image: Image) -> None:
    both = varied(varied(image.pixels, by_name("flip_horizontal")), by_name("flip_vertical"))
    assert np.array_equal(both, varied(image.pixels, by_name("rotate_180")))


def test_a_horizontal_flip_swaps_left_and_right() -> None:
    photo = photograph_pixels("chelsea.png")
    assert np.array_equal(varied(photo, by_name("flip_horizontal")), photo[:, ::-1])
    assert np.array_equal(varied(photo, by_name("flip_vertical")), photo[::-1])
