"""How good a photo is: sharpness, movement, brightness and contrast, and the verdict on them.

All are measured on a grey image reduced to a long side of 512, so that one scene scores the same
at any resolution. Sharpness is the variance of the Laplacian, over the whole frame and over the
best of 4x4 tiles: a portrait or a coin on a plain ground is sharp somewhere, though most of the
frame is not. The limits and where they come from are in `domain/thresholds.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from colecionador.domain.results import Quality
from colecionador.domain.settings import Settings
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import AnyImage, PlanarImage
from colecionador.imaging.codec.image import Pixels, as_pixels, channels_of
from colecionador.imaging.motion import directional_detail
from colecionador.imaging.tiles import side_by_side, tile_areas, tile_sums

LONG_SIDE = 512
DEFINITION = "lapvar-fit512-tiles4-motion1"
"""Names how the scores are computed; a part of the plan version."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What was measured of an image; higher is sharper, brighter, richer in contrast."""

    blur: float
    """Variance of the Laplacian, whole frame."""
    blur_tile: float
    """The same of the best tile."""
    motion: float
    """Fine detail along the poorest direction, whole frame."""
    motion_tile: float
    """The same of the best tile."""
    brightness: float
    """Mean grey, 0 to 255."""
    p5: float
    """The grey that 5 % of the image do not exceed."""
    p99: float
    """The grey that 99 % of the image do not exceed."""
    contrast: float
    """Standard deviation of grey."""


def thresholds(settings: Settings) -> Thresholds:
    """The limits that the settings ask for; a plan may change them for a categoria."""
    return Thresholds(
        blur_min=settings.blur_min,
        motion_min=settings.motion_min,
        brightness_min=settings.brightness_min,
        brightness_max=settings.brightness_max,
        contrast_min=settings.contrast_min,
    )


def judge(image: AnyImage, limits: Thresholds) -> Quality:
    """The scores of an image that are recorded, and whether any is beyond its limit."""
    scores = measure(image)
    found = findings(scores, limits)
    return Quality(
        blur=scores.blur,
        brightness=scores.brightness,
        contrast=scores.contrast,
        bad=bool(found),
        findings=found,
    )


def measure(image: AnyImage) -> Scores:
    """All scores of an image."""
    luma = image.planes.luma if isinstance(image, PlanarImage) else grey_of(image.pixels)
    grey = _reduced(luma)
    mean, deviation = cv2.meanStdDev(grey)
    blur, blur_tile = sharpness(grey)
    motion, motion_tile = directional_detail(grey)
    levels = cv2.calcHist([grey], [0], None, [256], [0, 256]).cumsum()
    p5, p99 = (int(np.searchsorted(levels, share * grey.size)) for share in (0.05, 0.99))
    return Scores(
        blur=blur,
        blur_tile=blur_tile,
        motion=motion,
        motion_tile=motion_tile,
        brightness=float(mean[0, 0]),
        p5=p5,
        p99=p99,
        contrast=float(deviation[0, 0]),
    )


def findings(scores: Scores, limits: Thresholds) -> tuple[str, ...]:
    """Why an image is of low quality, a line for each reason; none where it is good."""
    blurred = scores.blur < limits.blur_min and scores.blur_tile < limits.blur_tile_min
    moved = scores.motion < limits.motion_min and scores.motion_tile < limits.motion_tile_min
    checks = (
        (blurred, "blurred", ("blur", "blur_tile"), "min"),
        (moved, "moved", ("motion", "motion_tile"), "min"),
        (scores.brightness < limits.brightness_min, "dark", ("brightness",), "min"),
        (scores.p99 < limits.p99_min, "dark", ("p99",), "min"),
        (scores.brightness > limits.brightness_max, "bright", ("brightness",), "max"),
        (scores.p5 > limits.p5_max, "bright", ("p5",), "max"),
        (scores.contrast < limits.contrast_min, "flat", ("contrast",), "min"),
    )
    return tuple(
        f"{word}: {', '.join(_beyond(scores, limits, name, bound) for name in names)}"
        for beyond, word, names, bound in checks
        if beyond
    )


def _beyond(scores: Scores, limits: Thresholds, name: str, bound: str) -> str:
    score, limit = getattr(scores, name), getattr(limits, f"{name}_{bound}")
    return f"{name} {score:.3g} {'<' if bound == 'min' else '>'} {limit:g}"


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


def sharpness(grey: Pixels) -> tuple[float, float]:
    """The variance of the Laplacian: of the whole frame, and of its sharpest tile."""
    # In 32-bit floats these are whole numbers still, and in 64-bit ones so are their sums. From
    # floats OpenCV makes them in half the time.
    wide, (laplacian, squared) = side_by_side(grey.shape, 2)
    cv2.Laplacian(grey.astype(np.float32), cv2.CV_32F, dst=laplacian)
    cv2.multiply(laplacian, laplacian, dst=squared)
    sums, squares = tile_sums(wide, 2)
    areas = tile_areas(grey.shape)
    whole = squares.sum() / areas.sum() - (sums.sum() / areas.sum()) ** 2
    tiles = squares / areas - (sums / areas) ** 2
    return float(whole), float(tiles.max())


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
