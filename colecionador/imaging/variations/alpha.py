"""Alpha beside colour: which operations may touch it, and how colours mix where it varies.

A transparent pixel has a hidden colour. Whatever averages neighbours must weigh each by its
alpha, or the hidden colour bleeds into what is seen; whatever changes tones must leave alpha be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from colecionador.imaging.codec.image import Pixels, as_pixels, channels_of

OPAQUE = 255
BAND_ROWS = 256
"""Rows that are worked on at once where the work needs several times the room of its pixels."""

Weighted = npt.NDArray[np.uint16]
"""BGRA in 16 bits: colour times alpha, and alpha times 255. Both fit exactly."""


def on_colour(pixels: Pixels, change: Callable[[Pixels], Pixels]) -> Pixels:
    """`change` of the grey or BGR part; alpha stays as it is."""
    if channels_of(pixels) != 4:
        return change(pixels)
    colour = change(as_pixels(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)))
    made = as_pixels(cv2.cvtColor(colour, cv2.COLOR_BGR2BGRA))
    cv2.mixChannels([pixels], [made], [3, 3])
    return made


def premultiplied(pixels: Pixels, mix: Callable[[Any], Any]) -> Pixels:
    """`mix`, which averages neighbours, with every pixel weighed by its alpha.

    `mix` gets the pixels themselves where nothing is transparent, else weighted ones.
    """
    if is_opaque(pixels):
        return as_pixels(mix(pixels))
    return unweighted(mix(weighted(pixels)))


def is_opaque(pixels: Pixels) -> bool:
    """True where there is no alpha, or none that matters."""
    if channels_of(pixels) != 4:
        return True
    return cv2.minMaxLoc(cv2.extractChannel(pixels, 3))[0] == OPAQUE


def weighted(pixels: Pixels) -> Weighted:
    """BGRA with its colours weighed by alpha."""
    result = np.empty(pixels.shape, np.uint16)
    for rows in bands(len(pixels)):
        alpha = cv2.extractChannel(pixels[rows], 3)
        weights = cv2.merge((alpha, alpha, alpha, np.full_like(alpha, OPAQUE)))
        result[rows] = cv2.multiply(pixels[rows], weights, dtype=cv2.CV_16U)
    return result


def unweighted(mixed: Any) -> Pixels:
    """Weighted BGRA in 8 bits again; where nothing is left to see, its colour is black."""
    result = np.empty(mixed.shape, np.uint8)
    for rows in bands(len(mixed)):
        *colours, alpha = cv2.split(mixed[rows])
        planes = [cv2.divide(colour, alpha, scale=OPAQUE, dtype=cv2.CV_8U) for colour in colours]
        result[rows] = cv2.merge((*planes, cv2.convertScaleAbs(alpha, alpha=1 / OPAQUE)))
    return result


def bands(height: int) -> list[slice]:
    """All rows, a few at a time."""
    return [slice(top, min(top + BAND_ROWS, height)) for top in range(0, height, BAND_ROWS)]
