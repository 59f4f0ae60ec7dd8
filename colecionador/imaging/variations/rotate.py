"""Quarter turns, exact to the pixel."""

from __future__ import annotations

from random import Random

import cv2

from colecionador.imaging.codec.image import Pixels, as_pixels
from colecionador.imaging.variations.operation import NumberParameter, Operation, Parameters

_CODES = {
    1: cv2.ROTATE_90_CLOCKWISE,
    2: cv2.ROTATE_180,
    3: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def quarter_turn(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Turn clockwise by `turns` quarters."""
    return as_pixels(cv2.rotate(pixels, _CODES[int(parameters["turns"])]))


def _turned_size(parameters: Parameters, width: int, height: int) -> tuple[int, int]:
    return (width, height) if int(parameters["turns"]) == 2 else (height, width)


OPERATIONS = (
    Operation(
        "quarter_turn",
        (NumberParameter("turns", 1, 3, whole=True),),
        quarter_turn,
        _turned_size,
    ),
)
