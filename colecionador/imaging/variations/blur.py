"""Soft focus."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from colecionador.imaging.codec.image import Pixels, as_pixels
from colecionador.imaging.codec.planes import Planes
from colecionador.imaging.variations.alpha import bands, is_opaque, unweighted, weighted
from colecionador.imaging.variations.operation import NumberParameter, Operation, Parameters

_SMALLEST_KERNEL = 3


def gaussian_blur(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Blur with a Gaussian of standard deviation `sigma` over `kernel` x `kernel` pixels."""
    kernel = int(parameters["kernel"])
    # A sigma left to OpenCV costs four times as much: only a given one takes its fast path.
    sigma = float(parameters["sigma"])
    if is_opaque(pixels):
        return as_pixels(cv2.GaussianBlur(pixels, (kernel, kernel), sigma))
    return _blurred_by_bands(pixels, kernel, sigma)


def gaussian_blur_of_planes(planes: Planes, parameters: Parameters, random: Random) -> Planes:
    """The same: in chroma, of half the resolution, half the reach and half the deviation."""
    kernel, sigma = int(parameters["kernel"]), float(parameters["sigma"])
    coarse = max(_SMALLEST_KERNEL, kernel // 2 | 1)
    luma = cv2.GaussianBlur(planes.luma, (kernel, kernel), sigma)
    blue, red = (
        as_pixels(cv2.GaussianBlur(plane, (coarse, coarse), sigma / 2))
        for plane in (planes.blue, planes.red)
    )
    return Planes(as_pixels(luma), blue, red)


def _blurred_by_bands(pixels: Pixels, kernel: int, sigma: float) -> Pixels:
    """The same with colours weighed by alpha, which takes four times the room of the pixels."""
    reach = kernel // 2
    result = np.empty_like(pixels)
    for rows in bands(len(pixels)):
        first = max(0, rows.start - reach)
        around = weighted(pixels[first : rows.stop + reach])
        blurred = cv2.GaussianBlur(around, (kernel, kernel), sigma)
        inner = blurred[rows.start - first :][: rows.stop - rows.start]
        result[rows] = unweighted(inner)
    return result


OPERATIONS = (
    Operation(
        "gaussian_blur",
        (
            NumberParameter("kernel", _SMALLEST_KERNEL, 31, odd=True, whole=True),
            NumberParameter("sigma", 0.1, 20),
        ),
        gaussian_blur,
        apply_to_planes=gaussian_blur_of_planes,
    ),
)
