"""Mirror images, exact to the pixel."""

from __future__ import annotations

from random import Random

import cv2

from colecionador.imaging.codec.image import Pixels, as_pixels
from colecionador.imaging.variations.operation import ChoiceParameter, Operation, Parameters
from colecionador.imaging.variations.planar import of_each_plane

_CODES = {"horizontal": 1, "vertical": 0}


def flip(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Swap left and right (`axis` horizontal) or top and bottom (vertical)."""
    return as_pixels(cv2.flip(pixels, _CODES[str(parameters["axis"])]))


OPERATIONS = (
    Operation(
        "flip",
        (ChoiceParameter("axis", tuple(_CODES)),),
        flip,
        apply_to_planes=of_each_plane(flip),
    ),
)
