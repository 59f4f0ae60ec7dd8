"""Rotations: quarter turns, exact to the pixel, and any angle without black corners."""

from __future__ import annotations

from math import cos, radians, sin
from random import Random

import cv2
import numpy as np

from colecionador.imaging.codec.image import Pixels, as_pixels
from colecionador.imaging.codec.planes import Planes
from colecionador.imaging.variations.alpha import premultiplied
from colecionador.imaging.variations.operation import (
    ChoiceParameter,
    NumberParameter,
    Operation,
    Parameters,
)
from colecionador.imaging.variations.planar import Map, of_each_plane, warped

_CODES = {
    1: cv2.ROTATE_90_CLOCKWISE,
    2: cv2.ROTATE_180,
    3: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def quarter_turn(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Turn clockwise by `turns` quarters."""
    return as_pixels(cv2.rotate(pixels, _CODES[int(parameters["turns"])]))


def rotate(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Turn clockwise by `degrees` about the centre.

    `corners` says what fills them: `reflect` mirrors the image at its edges and keeps its size;
    `crop` keeps the largest upright rectangle that the turned image fills.
    """
    height, width = pixels.shape[:2]
    size = _rotated_size(parameters, width, height)
    turn = _turn(width, height, size, float(parameters["degrees"]))
    return premultiplied(pixels, lambda image: _warp(image, turn, size))


def rotate_planes(planes: Planes, parameters: Parameters, random: Random) -> Planes:
    """The same."""
    height, width = planes.luma.shape
    size = _rotated_size(parameters, width, height)
    return warped(planes, _turn(width, height, size, float(parameters["degrees"])), size, _warp)


def _turn(width: int, height: int, size: tuple[int, int], degrees: float) -> Map:
    centre = ((width - 1) / 2, (height - 1) / 2)
    # OpenCV counts angles anticlockwise.
    turn = np.vstack((cv2.getRotationMatrix2D(centre, -degrees, 1.0), (0, 0, 1)))
    turn[:2, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    return turn


def _warp(pixels: Pixels, turn: Map, size: tuple[int, int]) -> Pixels:
    return as_pixels(
        cv2.warpAffine(
            pixels, turn[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    )


def inner_rectangle(width: int, height: int, degrees: float) -> tuple[int, int]:
    """Width and height of the largest upright rectangle inside a turned one."""
    sine, cosine = abs(sin(radians(degrees))), abs(cos(radians(degrees)))
    long_side, short_side = max(width, height), min(width, height)
    if short_side <= 2 * sine * cosine * long_side or abs(sine - cosine) < 1e-9:
        # Two corners touch the long sides, the other two lie on the line through the middle.
        half = short_side / 2
        across, along = half / sine, half / cosine
        inner = (across, along) if width >= height else (along, across)
    else:
        spread = cosine * cosine - sine * sine
        inner = (
            (width * cosine - height * sine) / spread,
            (height * cosine - width * sine) / spread,
        )
    return max(1, int(inner[0] + 1e-6)), max(1, int(inner[1] + 1e-6))


def _turned_size(parameters: Parameters, width: int, height: int) -> tuple[int, int]:
    return (width, height) if int(parameters["turns"]) == 2 else (height, width)


def _rotated_size(parameters: Parameters, width: int, height: int) -> tuple[int, int]:
    if parameters["corners"] == "reflect":
        return width, height
    inner = inner_rectangle(width, height, float(parameters["degrees"]))
    if width % 2 or height % 2:
        return inner
    # What is even stays even, as planes have to be.
    return max(2, inner[0] - inner[0] % 2), max(2, inner[1] - inner[1] % 2)


OPERATIONS = (
    Operation(
        "quarter_turn",
        (NumberParameter("turns", 1, 3, whole=True),),
        quarter_turn,
        _turned_size,
        of_each_plane(quarter_turn),
    ),
    Operation(
        "rotate",
        (NumberParameter("degrees", -360, 360), ChoiceParameter("corners", ("reflect", "crop"))),
        rotate,
        _rotated_size,
        rotate_planes,
        costly=True,
    ),
)
