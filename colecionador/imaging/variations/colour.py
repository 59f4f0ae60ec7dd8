"""Colour as light and cameras change it: each pixel by one affine map of blue, green and red."""

from __future__ import annotations

from math import cos, radians, sin
from random import Random

import cv2
import numpy as np
import numpy.typing as npt

from colecionador.imaging.codec.image import Pixels, as_pixels, channels_of
from colecionador.imaging.variations.alpha import on_colour
from colecionador.imaging.variations.operation import (
    NumberParameter,
    Operation,
    Parameters,
    drawn,
)
from colecionador.imaging.variations.tone import LUMA, mean_grey

Matrix = npt.NDArray[np.float64]
"""3 x 4: how the new blue, green and red come of the old ones and of 1."""

_WARMTH_GAIN = 0.25
"""How much red gains, and blue loses, at warmth 1."""


def color_jitter(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Draw new brightness, contrast, saturation and hue around the old ones.

    `brightness` is the most that is added to or taken from a level, `contrast` and `saturation`
    the greatest change of a factor of 1, `hue` the greatest turn in degrees.
    """
    offset = _around(random, parameters, "brightness")
    contrast = 1 + _around(random, parameters, "contrast")
    saturation = 1 + _around(random, parameters, "saturation")
    angle = radians(_around(random, parameters, "hue"))
    pivot = mean_grey(pixels)
    matrix = np.zeros((3, 4))
    matrix[:, :3] = contrast * _chroma_map(saturation, angle)
    matrix[:, 3] = pivot * (1 - contrast) + offset
    return on_colour(pixels, lambda colour: _mapped(colour, matrix))


def color_shift(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Light of another colour: `warmth` from -1 (cool, blue) to 1 (warm, red).

    It may vary by the fraction `jitter`. The light's strength stays as it is.
    """
    warmth = drawn(random, float(parameters["warmth"]), float(parameters["jitter"]))
    gains = np.array((1 - _WARMTH_GAIN * warmth, 1.0, 1 + _WARMTH_GAIN * warmth))
    gains /= gains @ LUMA
    matrix = np.zeros((3, 4))
    matrix[:, :3] = np.diag(gains)
    return on_colour(pixels, lambda colour: _mapped(colour, matrix))


def _chroma_map(saturation: float, angle: float) -> Matrix:
    """Scale and turn what differs from grey; greys stay where they are."""
    luma = np.tile(LUMA, (3, 1))
    # A turn about the axis of greys, by Rodrigues' formula.
    cross = np.array(((0, -1, 1), (1, 0, -1), (-1, 1, 0))) / np.sqrt(3)
    turn = cos(angle) * np.eye(3) + sin(angle) * cross + (1 - cos(angle)) / 3 * np.ones((3, 3))
    return np.asarray(luma + saturation * (np.eye(3) - luma) @ turn)


def _mapped(colour: Pixels, matrix: Matrix) -> Pixels:
    if channels_of(colour) == 3:
        return as_pixels(cv2.transform(colour, matrix))
    # Grey has no colour to change: what remains is what the map does to the luma.
    scale, offset = float(LUMA @ matrix[:, :3].sum(axis=1)), float(LUMA @ matrix[:, 3])
    levels = np.clip(np.rint(np.arange(256) * scale + offset), 0, 255).astype(np.uint8)
    return as_pixels(cv2.LUT(colour, levels))


def _around(random: Random, parameters: Parameters, name: str) -> float:
    return float(parameters[name]) * (2 * random.random() - 1)


OPERATIONS = (
    Operation(
        "color_jitter",
        (
            NumberParameter("brightness", 0, 128),
            NumberParameter("contrast", 0, 0.9),
            NumberParameter("saturation", 0, 1),
            NumberParameter("hue", 0, 180),
        ),
        color_jitter,
        draws=True,
    ),
    Operation(
        "color_shift",
        (NumberParameter("warmth", -1, 1), NumberParameter("jitter", 0, 0.5)),
        color_shift,
        draws=True,
    ),
)
