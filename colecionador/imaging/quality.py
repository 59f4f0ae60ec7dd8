"""How good a photo is: sharpness, brightness and contrast, and the verdict on them.

All three are measured on a grey image reduced to a long side of 512, so that one scene scores the
same at any resolution. Sharpness is the variance of the Laplacian, over the whole frame and over
the best of 4x4 tiles: a portrait or a coin on a plain ground is sharp somewhere, though most of
the frame is not. The popular threshold of 100 on the raw image condemned 8 of 20 sharp photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from colecionador.domain.results import Quality
from colecionador.domain.settings import Settings
from colecionador.imaging.codec.image import Image, Pixels, as_pixels, channels_of

LONG_SIDE = 512
TILES = 4
DEFINITION = "lapvar-fit512-tiles4"
"""Names how the scores are computed; a part of the plan version."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits of good quality, each tried on 20 real scenes, sharp and artificially blurred.

    Sharp scenes scored 35 to 1912 over the whole frame and 105 to 4158 in their best tile; those
    blurred by 0.5 % of the long side at most 12 and 20. So both limits together condemned no
    sharp photo and every one of the blurred.
    """

    blur_min: float = 20.0
    """Variance of the Laplacian of the whole frame."""
    blur_tile_min: float = 60.0
    """The same of the best tile; a photo is blurred only when it falls short of both."""
    brightness_min: float = 20.0
    """Mean grey, 0 to 255; the scenes had 61 to 209. Below this hardly a shape can be seen."""
    brightness_max: float = 245.0
    """Mean grey; above this nearly all is white."""
    contrast_min: float = 8.0
    """Standard deviation of grey; the flattest scene, a wood texture, had 12."""


def thresholds(settings: Settings) -> Thresholds:
    """The limits that the settings ask for."""
    return Thresholds(
        blur_min=settings.blur_min,
        brightness_min=settings.brightness_min,
        brightness_max=settings.brightness_max,
        contrast_min=settings.contrast_min,
    )


def judge(image: Image, limits: Thresholds) -> Quality:
    """The scores of an image and whether any is beyond its limit."""
    grey = _reduced(grey_of(image.pixels))
    blur = _sharpness(grey)
    mean, deviation = cv2.meanStdDev(grey)
    brightness, contrast = float(mean[0, 0]), float(deviation[0, 0])
    blurred = blur < limits.blur_min and best_tile_sharpness(grey) < limits.blur_tile_min
    return Quality(
        blur=blur,
        brightness=brightness,
        contrast=contrast,
        bad=blurred
        or not limits.brightness_min <= brightness <= limits.brightness_max
        or contrast < limits.contrast_min,
    )


def grey_of(pixels: Pixels) -> Pixels:
    """The luma (BT.601) of an image; transparent parts count as white, as a page shows them."""
    channels = channels_of(pixels)
    if channels == 1:
        return pixels
    if channels == 3:
        return as_pixels(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY))
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY)
    alpha = cv2.extractChannel(pixels, 3)
    shown = cv2.multiply(grey, alpha, scale=1 / 255)
    return as_pixels(cv2.add(shown, cv2.bitwise_not(alpha)))


def best_tile_sharpness(grey: Pixels) -> float:
    """The sharpness of the sharpest of 4x4 equal tiles."""
    height, width = grey.shape
    rows = np.linspace(0, height, TILES + 1).astype(int)
    columns = np.linspace(0, width, TILES + 1).astype(int)
    laplacian = cv2.Laplacian(grey, cv2.CV_16S)
    return max(
        (
            _variance(laplacian[top:bottom, left:right])
            for top, bottom in pairwise(rows)
            for left, right in pairwise(columns)
            if bottom > top and right > left
        ),
        default=0.0,
    )


def _sharpness(grey: Pixels) -> float:
    return _variance(cv2.Laplacian(grey, cv2.CV_16S))


def _variance(values: cv2.typing.MatLike) -> float:
    _, deviation = cv2.meanStdDev(values)
    return float(deviation[0, 0]) ** 2


def _reduced(grey: Pixels) -> Pixels:
    """Fit to the long side. Exact halving first is as good as one step, and far cheaper."""
    while max(grey.shape) >= 2 * LONG_SIDE and min(grey.shape) > 1:
        height, width = (side // 2 for side in grey.shape)
        # An odd last row or column is left out: only an exact half takes the fast path.
        even = grey[: 2 * height, : 2 * width]
        grey = as_pixels(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    height, width = grey.shape
    long_side = max(height, width)
    if long_side <= LONG_SIDE:
        return grey
    size = tuple(max(1, round(side * LONG_SIDE / long_side)) for side in (width, height))
    return as_pixels(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
