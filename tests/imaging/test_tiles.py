"""Sums over tiles are those of the tiles, whatever the frame's shape."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colecionador.imaging.quality import sharpness
from colecionador.imaging.tiles import side_by_side, tile_areas, tile_sums
from tests.fix_images import Pixels

sides = st.integers(1, 70)


def frame(height: int, width: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


@given(sides, sides, st.integers(0, 2**32))
def test_tiles_divide_the_frame_evenly_and_leave_nothing_out(
    height: int, width: int, seed: int
) -> None:
    pixels = frame(height, width, seed)
    (sums,), areas = tile_sums(pixels.astype(np.float32), 1), tile_areas(pixels.shape)
    assert sums.shape == areas.shape == (min(4, height), min(4, width))
    assert sums.sum() == pixels.sum()
    assert areas.sum() == pixels.size
    tall, wide = height / areas.shape[0], width / areas.shape[1]
    assert (np.abs(areas - tall * wide) < tall + wide + 1).all()


def test_a_tile_has_the_sum_of_its_own_pixels() -> None:
    pixels = frame(43, 62, 5)
    wide, frames = side_by_side(pixels.shape, 2)
    frames[0][:], frames[1][:] = 1, pixels
    first, sums = tile_sums(wide, 2)
    assert np.array_equal(first, tile_areas(pixels.shape))
    rows, columns = [0, 10, 21, 32, 43], [0, 15, 31, 46, 62]
    for down in range(4):
        for across in range(4):
            tile = pixels[rows[down] : rows[down + 1], columns[across] : columns[across + 1]]
            assert sums[down, across] == tile.sum()


@given(sides, sides, st.integers(0, 2**32))
def test_sharpness_is_the_variance_of_the_laplacian(height: int, width: int, seed: int) -> None:
    pixels = frame(height, width, seed)
    whole, _ = sharpness(pixels)
    assert whole == pytest.approx(cv2.Laplacian(pixels, cv2.CV_64F).var(), abs=1e-6)


def test_the_sharpest_tile_counts_for_a_frame_that_is_sharp_in_one_place() -> None:
    pixels = np.full((200, 200), 128, np.uint8)
    pixels[50:100, 100:150] = frame(50, 50, 1)
    whole, tile = sharpness(pixels)
    assert tile == pytest.approx(16 * whole, rel=0.2)
