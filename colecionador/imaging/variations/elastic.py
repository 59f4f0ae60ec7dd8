"""Elastic deformation: the image as on a sheet of rubber, pulled here and there."""

from __future__ import annotations

from math import ceil
from random import Random

import cv2
import numpy as np
import numpy.typing as npt

from colecionador.imaging.codec.image import Pixels
from colecionador.imaging.codec.planes import Planes
from colecionador.imaging.variations.alpha import premultiplied
from colecionador.imaging.variations.operation import NumberParameter, Operation, Parameters

Field = npt.NDArray[np.float32]
"""Displacements in pixels, (rows, columns, 2): to the right and down."""

_STEP = 8
"""Pixels between the points of the smooth field; in between it is as good as straight."""
_BAND_POINTS = 32
"""So many of the field's rows are worked on at once: all of them would take 8 bytes a pixel."""


def elastic(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Displace by a random smooth field.

    The field is drawn at the corners of square cells, `cells` of them along the long side, and
    each corner moves by up to `amplitude` of the long side. A field drawn at every pixel and
    blurred costs eight times as much and looks the same.
    """
    height, width = pixels.shape[:2]
    field = _field(width, height, parameters, random)
    return premultiplied(pixels, lambda image: _displaced(image, field, _STEP))


def elastic_of_planes(planes: Planes, parameters: Parameters, random: Random) -> Planes:
    """The same; of chroma the field has a point for every fourth sample, and half the way."""
    height, width = planes.luma.shape
    field = _field(width, height, parameters, random)
    luma, coarse = _displaced(planes.luma, field, _STEP), field * np.float32(0.5)
    blue, red = (_displaced(each, coarse, _STEP // 2) for each in (planes.blue, planes.red))
    return Planes(luma, blue, red)


def _field(width: int, height: int, parameters: Parameters, random: Random) -> Field:
    long_side = max(width, height)
    cell = long_side / int(parameters["cells"])
    field = _smooth_field(random, width, height, cell)
    field *= np.float32(long_side * float(parameters["amplitude"]))
    return field


def _smooth_field(random: Random, width: int, height: int, cell: float) -> Field:
    """Displacements from -1 to 1 or so at every eighth pixel, and one point more on each side."""
    rows, columns = ceil(height / cell) + 1, ceil(width / cell) + 1
    draws = [2 * random.random() - 1 for _ in range(rows * columns * 2)]
    coarse = np.array(draws, np.float32).reshape(rows, columns, 2)
    size = (ceil(width / _STEP) + 2, ceil(height / _STEP) + 2)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _displaced(image: Pixels, field: Field, step: int) -> Pixels:
    """By a field that has a point for every `step` pixels."""
    height, width = image.shape[:2]
    columns = np.arange(width, dtype=np.float32)
    result = np.empty_like(image)
    for top in range(0, height, _BAND_POINTS * step):
        rows = min(_BAND_POINTS * step, height - top)
        first = top // step
        points = field[first : first + ceil(rows / step) + 2]
        size = (points.shape[1] * step, points.shape[0] * step)
        dense = cv2.resize(points, size, interpolation=cv2.INTER_LINEAR)
        band = dense[step : step + rows, step : step + width]
        across = band[:, :, 0] + columns
        down = band[:, :, 1] + np.arange(top, top + rows, dtype=np.float32)[:, np.newaxis]
        result[top : top + rows] = cv2.remap(
            image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    return result


OPERATIONS = (
    Operation(
        "elastic",
        (NumberParameter("amplitude", 0.001, 0.1), NumberParameter("cells", 2, 64, whole=True)),
        elastic,
        apply_to_planes=elastic_of_planes,
        draws=True,
        costly=True,
    ),
)
