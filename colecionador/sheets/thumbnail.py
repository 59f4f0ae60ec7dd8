"""Small pictures for a sheet: what is transparent shows a chequered ground, profiles stay."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from colecionador.domain.failures import Failure
from colecionador.imaging.codec import AnyImage, Image, ImageFormat, Pixels, encode
from colecionador.imaging.codec.image import as_pixels, channels_of

LONG_SIDE = 480
"""Pixels; twice what is shown, for screens of high density."""
QUALITY = 85
_SQUARE = 12
_LIGHT, _DARK = 255, 214


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A small picture."""

    pixels: Pixels
    """BGR."""
    jpeg: bytes


def thumbnail(image: AnyImage) -> Thumbnail:
    """The image, made small enough; a small image stays as it is."""
    width, height = fitted(image.width, image.height, LONG_SIDE)
    pixels = image.pixels
    if (width, height) != (image.width, image.height):
        pixels = as_pixels(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    shown = _on_squares(pixels)
    data = encode(Image(shown, ImageFormat.JPEG, image.icc), ImageFormat.JPEG, QUALITY)
    if isinstance(data, Failure):
        raise TypeError(data.error)
    colour = shown if channels_of(shown) == 3 else cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR)
    return Thumbnail(as_pixels(colour), data)


def fitted(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Width and height made to fit, in proportion and at least one pixel; never enlarged."""
    scale = min(1.0, long_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _on_squares(pixels: Pixels) -> Pixels:
    """Without alpha; where it was, the ground shows through."""
    if channels_of(pixels) != 4:
        return pixels
    down, across = np.indices(pixels.shape[:2]) // _SQUARE
    ground = np.where((down + across) % 2, _DARK, _LIGHT)[:, :, np.newaxis]
    alpha = pixels[:, :, 3:].astype(np.float32) / 255
    return np.asarray(np.rint(pixels[:, :, :3] * alpha + ground * (1 - alpha)), np.uint8)
