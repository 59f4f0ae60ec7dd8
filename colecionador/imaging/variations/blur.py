"""Soft focus."""

from __future__ import annotations

from random import Random

import cv2

from colecionador.imaging.codec.image import Pixels
from colecionador.imaging.variations.alpha import premultiplied
from colecionador.imaging.variations.operation import NumberParameter, Operation, Parameters


def gaussian_blur(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Blur with a Gaussian of standard deviation `sigma` over `kernel` x `kernel` pixels."""
    kernel = int(parameters["kernel"])
    sigma = float(parameters["sigma"])
    # A sigma left to OpenCV costs four times as much: only a given one takes its fast path.
    return premultiplied(pixels, lambda image: cv2.GaussianBlur(image, (kernel, kernel), sigma))


OPERATIONS = (
    Operation(
        "gaussian_blur",
        (NumberParameter("kernel", 3, 31, odd=True, whole=True), NumberParameter("sigma", 0.1, 20)),
        gaussian_blur,
    ),
)
