"""Standing an image upright: the eight EXIF orientations, applied once, at decoding."""

from __future__ import annotations

import cv2

from colecionador.imaging.codec.image import Pixels, as_pixels

UPRIGHT = 1


def swaps_sides(orientation: int) -> bool:
    """True where the upright image is as wide as the stored one is high."""
    return orientation >= 5


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """The image as a person should see it; `orientation` is 1 to 8 as EXIF counts them."""
    match orientation:
        case 2:
            return as_pixels(cv2.flip(pixels, 1))
        case 3:
            return as_pixels(cv2.rotate(pixels, cv2.ROTATE_180))
        case 4:
            return as_pixels(cv2.flip(pixels, 0))
        case 5:
            return as_pixels(cv2.transpose(pixels))
        case 6:
            return as_pixels(cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE))
        case 7:
            return as_pixels(cv2.flip(cv2.transpose(pixels), -1))
        case 8:
            return as_pixels(cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE))
        case _:
            return pixels
