"""Alpha beside colour: which operations may touch it, and how colours mix where it varies.

A transparent pixel has a hidden colour. Whatever averages neighbours must weigh each by its
alpha, or the hidden colour bleeds into what is seen; whatever changes tones must leave alpha be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from colecionador.imaging.codec.image import Pixels, as_pixels, channels_of

OPAQUE = 255


def on_colour(pixels: Pixels, change: Callable[[Pixels], Pixels]) -> Pixels:
    """`change` of the grey or BGR part; alpha stays as it is."""
    if channels_of(pixels) != 4:
        return change(pixels)
    colour = change(as_pixels(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)))
    return as_pixels(cv2.merge((*cv2.split(colour), cv2.extractChannel(pixels, 3))))


def premultiplied(pixels: Pixels, mix: Callable[[Any], Any]) -> Pixels:
    """`mix`, which averages neighbours, with every pixel weighed by its alpha.

    `mix` gets 8 bits where nothing is transparent. Else it gets 16: colour times alpha, and alpha
    times 255, which both fit exactly.
    """
    if channels_of(pixels) != 4:
        return as_pixels(mix(pixels))
    alpha = cv2.extractChannel(pixels, 3)
    if cv2.minMaxLoc(alpha)[0] == OPAQUE:
        return as_pixels(mix(pixels))
    weights = cv2.merge((alpha, alpha, alpha, np.full_like(alpha, OPAQUE)))
    *colours, mixed_alpha = cv2.split(mix(cv2.multiply(pixels, weights, dtype=cv2.CV_16U)))
    planes = [cv2.divide(colour, mixed_alpha, scale=OPAQUE, dtype=cv2.CV_8U) for colour in colours]
    return as_pixels(cv2.merge((*planes, cv2.convertScaleAbs(mixed_alpha, alpha=1 / OPAQUE))))
