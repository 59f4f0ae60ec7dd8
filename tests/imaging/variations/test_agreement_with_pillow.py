"""The nine against an independent implementation, on real photographs.

Pillow makes eight of them; it has no local equalisation, so CLAHE's reference is written out here
in NumPy, on the luma that Pillow computes. The least agreement is stated for each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageEnhance, ImageFilter, ImageOps

from tests.fix_images import COLOUR_PHOTOGRAPHS, Pixels, photograph_pixels, psnr
from tests.imaging.variations.samples import by_name, varied

EXACT = float("inf")


def gaussian_kernel() -> ImageFilter.Kernel:
    weights = np.exp(-0.5 * (np.arange(-2, 3) / 1.1) ** 2)
    square = np.outer(weights, weights)
    return ImageFilter.Kernel((5, 5), (square / square.sum()).ravel().tolist(), scale=1)


def equalised(picture: Pillow.Image) -> Pillow.Image:
    luma, blue, red = picture.convert("YCbCr").split()
    made = Pillow.fromarray(clahe_of(np.asarray(luma), clip_limit=2.0, tiles=8))
    return Pillow.merge("YCbCr", (made, blue, red)).convert("RGB")


def clahe_of(luma: Pixels, clip_limit: float, tiles: int) -> Pixels:
    """Contrast-limited adaptive histogram equalisation, as Zuiderveld describes it."""
    height, width = luma.shape
    padded = np.pad(luma, ((0, -height % tiles), (0, -width % tiles)), mode="reflect")
    tile_height, tile_width = padded.shape[0] // tiles, padded.shape[1] // tiles
    area = tile_height * tile_width
    limit = max(1, int(clip_limit * area / 256))
    curves = np.empty((tiles, tiles, 256))
    for row in range(tiles):
        for column in range(tiles):
            tile = padded[row * tile_height :, column * tile_width :][:tile_height, :tile_width]
            counts = np.bincount(tile.ravel(), minlength=256)
            excess = int(np.maximum(counts - limit, 0).sum())
            counts = np.minimum(counts, limit) + excess // 256
            left = excess % 256
            if left:
                step = max(256 // left, 1)
                counts[np.arange(0, 256, step)[:left]] += 1
            curves[row, column] = np.clip(np.rint(np.cumsum(counts) * 255 / area), 0, 255)
    down = np.arange(height) / tile_height - 0.5
    across = np.arange(width) / tile_width - 0.5
    top, left_tile = np.floor(down).astype(int), np.floor(across).astype(int)
    share_down, share_across = (down - top)[:, None], (across - left_tile)[None, :]
    rows = [np.clip(top + step, 0, tiles - 1)[:, None] for step in (0, 1)]
    columns = [np.clip(left_tile + step, 0, tiles - 1)[None, :] for step in (0, 1)]
    corner = {(r, c): curves[rows[r], columns[c], luma] for r in (0, 1) for c in (0, 1)}
    upper = corner[0, 0] * (1 - share_across) + corner[0, 1] * share_across
    lower = corner[1, 0] * (1 - share_across) + corner[1, 1] * share_across
    return np.asarray(np.rint(upper * (1 - share_down) + lower * share_down), np.uint8)


REFERENCES: dict[str, tuple[Callable[[Pillow.Image], Pillow.Image], float]] = {
    "rotate_90": (lambda picture: picture.transpose(Pillow.Transpose.ROTATE_270), EXACT),
    "rotate_180": (lambda picture: picture.transpose(Pillow.Transpose.ROTATE_180), EXACT),
    "rotate_270": (lambda picture: picture.transpose(Pillow.Transpose.ROTATE_90), EXACT),
    "flip_horizontal": (ImageOps.mirror, EXACT),
    "flip_vertical": (ImageOps.flip, EXACT),
    "brightness": (lambda picture: picture.point(lambda level: min(level + 30, 255)), EXACT),
    "contrast": (lambda picture: ImageEnhance.Contrast(picture).enhance(1.3), 48.0),
    "blur": (lambda picture: picture.filter(gaussian_kernel()), 48.0),
    "clahe": (equalised, 42.0),
}


@pytest.mark.parametrize("photograph", COLOUR_PHOTOGRAPHS)
@pytest.mark.parametrize("name", REFERENCES)
def test_a_variation_agrees_with_its_reference(name: str, photograph: str) -> None:
    reference, least = REFERENCES[name]
    photo = photograph_pixels(photograph)
    picture = Pillow.fromarray(np.ascontiguousarray(photo[:, :, ::-1]))
    expected = np.asarray(reference(picture))[:, :, ::-1]
    made = varied(photo, by_name(name))
    # Pillow's filters leave a border of two pixels as it is.
    inner = slice(2, -2) if name == "blur" else slice(None)
    assert psnr(made[inner, inner], expected[inner, inner]) >= least
