"""Motion blur is told from sharpness, from softness and from a still subject on moving ground."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.motion import directional_detail
from colecionador.imaging.quality import Scores, findings, measure
from tests.fix_images import COLOUR_PHOTOGRAPHS, ITEM_PHOTOGRAPHS, Pixels, as_image
from tests.fix_images import photograph_pixels as pixels_of

LIMITS = Thresholds()
SCENES = (*ITEM_PHOTOGRAPHS, "camera.png", "brick.png", "moon.png", "hubble_deep_field.jpg")
TEXTURES = ("grass.png", "gravel.png")
"""Fine texture alone: there is no coarse structure that detail could be poor beside."""
DIRECTIONS = (0, 30, 45, 90, 120)


def moved(pixels: Pixels, share: float, degrees: float) -> Pixels:
    """As by a camera that moved by a share of the long side during the exposure."""
    length = share * max(pixels.shape)
    side = int(length) + 3 | 1
    finer = 8
    line = np.zeros((side * finer, side * finer), np.float32)
    reach = finer * length / 2 * np.exp(1j * np.radians(degrees))
    centre = side * finer / 2
    start = (round(centre - reach.real), round(centre - reach.imag))
    stop = (round(centre + reach.real), round(centre + reach.imag))
    cv2.line(line, start, stop, 1.0, finer)
    kernel = cv2.resize(line, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()), np.uint8)


def scores_of(pixels: Pixels) -> Scores:
    return measure(as_image(pixels))


def is_moved(scores: Scores) -> bool:
    return any(finding.startswith("moved") for finding in findings(scores, LIMITS))


@pytest.mark.parametrize("name", [*SCENES, *TEXTURES])
def test_no_sharp_photograph_has_moved(name: str) -> None:
    assert not is_moved(scores_of(pixels_of(name)))


def test_nearly_all_that_moved_by_three_percent_are_found_in_every_direction() -> None:
    scenes = [pixels_of(name) for name in SCENES]
    made = [scores_of(moved(scene, 0.03, angle)) for scene in scenes for angle in DIRECTIONS]
    found = sum(is_moved(scores) for scores in made)
    # The Laplacian alone, with both of its limits, is the check that lets most of them pass.
    by_laplacian = sum(
        scores.blur < LIMITS.blur_min and scores.blur_tile < LIMITS.blur_tile_min for scores in made
    )
    assert found >= 0.97 * len(made), f"{found} of {len(made)}"
    assert by_laplacian < 0.5 * len(made)


@pytest.mark.parametrize("name", ["chelsea.png", "motorcycle_left.png", "coins.png"])
@pytest.mark.parametrize("size", [(640, 480), (1632, 1224), (4000, 3000)])
def test_a_moved_photograph_is_found_at_every_size(name: str, size: tuple[int, int]) -> None:
    sharp = pixels_of(name, *size)
    still, shaken = scores_of(sharp), scores_of(moved(sharp, 0.03, 20))
    assert not is_moved(still)
    assert is_moved(shaken)
    assert still.motion > 4 * shaken.motion


def test_a_photograph_that_was_taken_of_something_moving_is_found() -> None:
    assert is_moved(scores_of(pixels_of("clock_motion.png")))


@pytest.mark.parametrize("name", COLOUR_PHOTOGRAPHS)
def test_a_still_subject_before_a_smeared_ground_has_not_moved(name: str) -> None:
    scene = pixels_of(name, 1024, 768)
    panned = moved(scene, 0.05, 0)
    panned[256:512, 384:640] = scene[256:512, 384:640]
    assert not is_moved(scores_of(panned))


def test_the_poorest_direction_is_the_one_of_the_movement() -> None:
    scene = pixels_of("gravel.png")[:, :, 0].copy()
    turned = np.ascontiguousarray(moved(scene, 0.03, 0).T)
    across, _ = directional_detail(turned)
    along, _ = directional_detail(moved(scene, 0.03, 0))
    assert across == pytest.approx(along, rel=1e-3)
    assert across < 0.25 * directional_detail(scene)[0]


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_every_image_has_finite_scores_that_a_flip_does_not_change(pixels: Pixels) -> None:
    whole, best = directional_detail(pixels)
    assert np.isfinite([whole, best]).all()
    assert whole >= -1e-6
    flipped = np.ascontiguousarray(pixels[:, ::-1])
    assert directional_detail(flipped)[0] == pytest.approx(whole, rel=1e-3, abs=1e-6)
