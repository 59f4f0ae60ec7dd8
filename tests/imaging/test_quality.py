"""Sharpness, brightness and contrast fall on the right side of every threshold, at any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from colecionador.domain.settings import Settings
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.quality import findings, judge, measure, thresholds
from tests.fix_images import ITEM_PHOTOGRAPHS, Pixels, as_image, photograph_pixels

LIMITS = Thresholds()
SIZES = [(640, 480), (1632, 1224), (4000, 3000)]
"""0.3, 2 and 12 megapixels."""
SCENES = ("motorcycle_left.png", "coins.png", "chelsea.png", "astronaut.png")
"""One for each categoria."""


def blurred(pixels: Pixels, share: float) -> Pixels:
    """Blurred by a share of the long side, as out of focus: three boxes are nearly a Gaussian."""
    side = round(2 * share * max(pixels.shape)) | 1
    for _ in range(3):
        pixels = np.asarray(cv2.blur(pixels, (side, side)), np.uint8)
    return pixels


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ITEM_PHOTOGRAPHS)
def test_a_sharp_photograph_is_good_at_every_size(name: str, size: tuple[int, int]) -> None:
    quality = judge(as_image(photograph_pixels(name, *size)), LIMITS)
    assert not quality.bad, quality


@pytest.mark.parametrize("name", ITEM_PHOTOGRAPHS)
def test_one_scene_scores_the_same_at_every_size(name: str) -> None:
    scores = [judge(as_image(photograph_pixels(name, *size)), LIMITS).blur for size in SIZES]
    assert max(scores) / min(scores) < 1.6


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_the_blurred_dark_bright_and_flat_are_bad(name: str, size: tuple[int, int]) -> None:
    photo = photograph_pixels(name, *size)
    shown = photo.astype(np.float32)
    blur = judge(as_image(blurred(photo, 0.005)), LIMITS)
    assert blur.bad
    assert blur.blur < LIMITS.blur_min
    dark = judge(as_image((shown * 0.1).astype(np.uint8)), LIMITS)
    assert dark.bad
    assert dark.brightness < LIMITS.brightness_min
    bright = judge(as_image((255 - (255 - shown) * 0.04).astype(np.uint8)), LIMITS)
    assert bright.bad
    assert bright.brightness > LIMITS.brightness_max
    flat = judge(as_image((118 + shown * 0.06).astype(np.uint8)), LIMITS)
    assert flat.bad
    assert flat.contrast < LIMITS.contrast_min


def test_a_sharp_subject_on_a_soft_ground_is_not_blurred() -> None:
    photo = photograph_pixels("coins.png", 1632, 1224)
    soft = blurred(photo, 0.02)
    soft[500:720, 700:920] = photo[500:720, 700:920]
    quality = judge(as_image(soft), LIMITS)
    assert quality.blur < 60
    assert not quality.bad


def test_an_enlarged_thumbnail_is_no_sharper_than_it_was() -> None:
    thumbnail = photograph_pixels("chelsea.png", 64, 48)
    enlarged = cv2.resize(thumbnail, (2048, 1536), interpolation=cv2.INTER_CUBIC)
    assert judge(as_image(np.asarray(enlarged, np.uint8)), LIMITS).bad


def test_the_settings_are_the_limits() -> None:
    settings = Settings(
        blur_min=1, brightness_min=2, brightness_max=3, contrast_min=4, motion_min=5
    )
    found = thresholds(settings)
    assert (found.blur_min, found.brightness_min) == (1, 2)
    assert (found.brightness_max, found.contrast_min, found.motion_min) == (3, 4, 5)
    assert thresholds(Settings()) == Thresholds()


def test_each_reason_is_named_with_its_score_and_its_limit() -> None:
    pixels = np.full((64, 64), 200, np.uint8)
    (blur, motion, contrast) = judge(as_image(pixels), LIMITS).findings
    assert blur == "blurred: blur 0 < 20, blur_tile 0 < 60"
    assert motion == "moved: motion 0 < 0.1, motion_tile 0 < 0.17"
    assert contrast == "flat: contrast 0 < 8"


def test_percentiles_find_what_the_mean_does_not() -> None:
    photo = photograph_pixels("coffee.png")
    scores = measure(as_image(photo))
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    assert scores.p5 == pytest.approx(np.percentile(grey, 5), abs=3)
    assert scores.p99 == pytest.approx(np.percentile(grey, 99), abs=3)
    dim = measure(as_image((photo * 0.3).astype(np.uint8)))
    assert dim.brightness > LIMITS.brightness_min
    assert findings(dim, LIMITS) == (f"dark: p99 {dim.p99:g} < 82",)
    pale = measure(as_image((244 + photo.astype(np.float32) / 24).astype(np.uint8)))
    assert f"bright: p5 {pale.p5:g} > 242" in findings(pale, LIMITS)


def test_what_is_transparent_counts_as_white() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    assert judge(as_image(pixels), LIMITS).brightness == 255
    pixels[:, :, 3] = 255
    assert judge(as_image(pixels), LIMITS).brightness == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (2, 3), (1025, 2), (3, 2049)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_shape_has_scores(shape: tuple[int, int], channels: int) -> None:
    pixels = np.full(shape if channels == 1 else (*shape, channels), 200, np.uint8)
    quality = judge(as_image(pixels), LIMITS)
    assert quality.blur == pytest.approx(0)
    assert quality.contrast == pytest.approx(0)
    assert quality.bad


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_scores_of_a_small_grey_image_are_those_of_its_pixels(pixels: Pixels) -> None:
    quality = judge(as_image(pixels), LIMITS)
    assert quality.brightness == pytest.approx(float(pixels.mean()), abs=1e-6)
    # The variance is a difference of squares up to 255²: its rounding, 1e-11, has this root.
    assert quality.contrast == pytest.approx(float(pixels.std()), abs=1e-5)
