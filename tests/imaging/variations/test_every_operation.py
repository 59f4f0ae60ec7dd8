"""What holds for every operation, on images of every shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colecionador.domain.plan import Variation
from colecionador.imaging.codec import Image, ImageFormat
from colecionador.imaging.variations import expected_size, make_variation, variation_seed
from colecionador.imaging.variations.registry import OPERATIONS
from tests.imaging.variations.samples import ALL, images

every_variation = pytest.mark.parametrize("which", ALL, ids=lambda known: known.name)


def test_every_operation_is_tried_here() -> None:
    assert {known.operation for known in ALL} == set(OPERATIONS)


@every_variation
@settings(deadline=None, max_examples=40)
@given(image=images(), seed=st.integers(0, 2**64 - 1))
def test_size_and_channels_are_as_declared(which: Variation, image: Image, seed: int) -> None:
    before = image.pixels.copy()
    made = make_variation(image, which, seed)
    assert (made.width, made.height) == expected_size(which, image.width, image.height)
    assert made.pixels.shape[2:] == image.pixels.shape[2:]
    assert made.pixels.dtype == np.uint8
    assert np.array_equal(image.pixels, before), "the input, which other threads read, changed"


@every_variation
@settings(deadline=None, max_examples=15)
@given(image=images(), seed=st.integers(0, 2**64 - 1))
def test_the_same_seed_makes_the_same_pixels(which: Variation, image: Image, seed: int) -> None:
    first, second = (make_variation(image, which, seed).pixels for _ in range(2))
    assert np.array_equal(first, second)


@every_variation
@settings(deadline=None, max_examples=25)
@given(image=images(channels=(4,)), hidden=st.integers(0, 255))
def test_the_hidden_colour_of_transparent_pixels_never_shows(
    which: Variation, image: Image, hidden: int
) -> None:
    if which.operation in {"clahe", "contrast", "color_jitter"}:
        return  # these measure the colours that they change; a test of their own has that
    seen = image.pixels.copy()
    seen[:, :, 3] = np.where(seen[:, :, 3] > 128, 255, 0)
    seen[seen[:, :, 3] == 0, :3] = 0
    other = seen.copy()
    other[other[:, :, 3] == 0, :3] = hidden
    first = make_variation(Image(seen, image.format), which, 3).pixels
    second = make_variation(Image(other, image.format), which, 3).pixels
    assert np.array_equal(first[:, :, 3], second[:, :, 3])
    shown = first[:, :, 3] > 0
    assert np.array_equal(first[shown], second[shown])


@every_variation
def test_an_opaque_image_stays_opaque(which: Variation) -> None:
    random = np.random.default_rng(6)
    pixels = random.integers(0, 256, (45, 61, 4), dtype=np.uint8)
    pixels[:, :, 3] = 255
    made = make_variation(Image(pixels, ImageFormat.PNG), which, 1).pixels
    assert (made[:, :, 3] == 255).all()
    colour = Image(np.ascontiguousarray(pixels[:, :, :3]), ImageFormat.PNG)
    assert np.array_equal(made[:, :, :3], make_variation(colour, which, 1).pixels)


def test_seeds_differ_by_item_variation_and_plan() -> None:
    seeds = {
        variation_seed(item, name, plan)
        for item in (1, 11, 2)
        for name in ("elastic_1", "elastic_2", "1elastic_1")
        for plan in ("a", "b")
    }
    assert len(seeds) == 18
    assert variation_seed(1, "elastic_1", "a") == variation_seed(1, "elastic_1", "a")


@pytest.mark.parametrize("name", ["elastic_1", "color_jitter_1", "perspective_left"])
def test_another_seed_makes_other_pixels(name: str) -> None:
    which = next(known for known in ALL if known.name == name)
    pixels = np.random.default_rng(7).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    made = [make_variation(Image(pixels, ImageFormat.PNG), which, seed).pixels for seed in (1, 2)]
    assert not np.array_equal(made[0], made[1])
