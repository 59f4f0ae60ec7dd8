"""Brightness and contrast: each level is mapped to one level, in order, and none wraps around."""

from __future__ import annotations

from random import Random
from typing import Any

import cv2
import numpy as np

from colecionador.imaging.codec.image import Pixels, as_pixels, channels_of
from colecionador.imaging.codec.planes import Planes
from colecionador.imaging.variations.alpha import on_colour
from colecionador.imaging.variations.operation import NumberParameter, Operation, Parameters
from colecionador.imaging.variations.planar import of_luma

_LEVELS = np.arange(256, dtype=np.float64)
_GREY = 128
"""Of a chroma plane."""
LUMA = np.array((0.114, 0.587, 0.299))
"""The weights of blue, green and red in grey (BT.601)."""


def brightness(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Add `offset` to every level, up to white and down to black."""
    offset = int(parameters["offset"])
    return on_colour(pixels, lambda colour: _shifted(colour, offset))


def contrast(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Move every level away from the image's mean grey (or towards it) by `factor`.

    About the mean, and not about 128, since a dark photo would turn black and a bright one white.
    """
    levels = _spread(round(mean_grey(pixels)), parameters)
    return on_colour(pixels, lambda colour: as_pixels(cv2.LUT(colour, levels)))


def contrast_of_planes(planes: Planes, parameters: Parameters, random: Random) -> Planes:
    """The same: luma about its mean, and chroma about grey, since B, G and R all move away."""
    luma = cv2.LUT(planes.luma, _spread(round(mean_grey(planes.luma)), parameters))
    chroma = _spread(_GREY, parameters)
    blue, red = cv2.LUT(planes.blue, chroma), cv2.LUT(planes.red, chroma)
    return Planes(as_pixels(luma), as_pixels(blue), as_pixels(red))


def _spread(pivot: int, parameters: Parameters) -> Pixels:
    levels = pivot + (_LEVELS - pivot) * float(parameters["factor"])
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _shifted(colour: Pixels, offset: int) -> Pixels:
    # As one row: of an image that is one pixel wide and four high, OpenCV would take the number
    # for a second array of that size.
    number: Any = offset  # OpenCV's stubs know of arrays alone
    return as_pixels(cv2.add(colour.reshape(1, -1), number)).reshape(colour.shape)


def mean_grey(pixels: Pixels) -> float:
    """The mean grey, 0 to 255, of what can be seen."""
    channels = channels_of(pixels)
    if channels == 4:
        return float(LUMA @ cv2.mean(pixels, mask=cv2.extractChannel(pixels, 3))[:3])
    area = int(pixels.shape[0] * pixels.shape[1])
    # Sums, since cv2.mean takes four times as long.
    sums = cv2.sumElems(pixels)
    return float(sums[0] if channels == 1 else LUMA @ sums[:3]) / area


OPERATIONS = (
    Operation(
        "brightness",
        (NumberParameter("offset", -255, 255, whole=True),),
        brightness,
        apply_to_planes=of_luma(brightness),
    ),
    Operation(
        "contrast",
        (NumberParameter("factor", 0.1, 4),),
        contrast,
        apply_to_planes=contrast_of_planes,
    ),
)
