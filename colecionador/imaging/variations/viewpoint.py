"""Where the photographer might have stood: to one side, nearer, or further away."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from colecionador.imaging.codec.image import Pixels, as_pixels
from colecionador.imaging.variations.alpha import premultiplied
from colecionador.imaging.variations.operation import (
    ChoiceParameter,
    NumberParameter,
    Operation,
    Parameters,
    drawn,
)
from colecionador.imaging.variations.surroundings import with_surroundings_out_of_focus


def perspective(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """See the image from its left or right (`side`): that side comes nearer.

    The near edge shows `strength` less of the height, which may vary by the fraction `jitter`;
    the frame stays full, so nothing needs filling.
    """
    height, width = pixels.shape[:2]
    strength = drawn(random, float(parameters["strength"]), float(parameters["jitter"]))
    top, bottom = height * strength / 2, height * (1 - strength / 2)
    near = [(0.0, top), (0.0, bottom)]
    far = [(float(width), 0.0), (float(width), float(height))]
    if parameters["side"] == "right":
        near, far = [(0.0, 0.0), (0.0, float(height))], [(width, top), (width, bottom)]
    seen = np.array([near[0], far[0], far[1], near[1]], np.float32)
    frame = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    # Corners are those of the pixels' area, so that they meet the frame at every size.
    matrix = cv2.getPerspectiveTransform(seen - 0.5, frame - 0.5)
    return premultiplied(
        pixels,
        lambda image: cv2.warpPerspective(
            image,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        ),
    )


def zoom(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Magnify about the centre by `factor`.

    Below 1 the image shrinks, and its surroundings are its own edges, mirrored and out of focus:
    mirrored alone, whatever touches an edge would be there twice, sharp, as no photo shows it.
    """
    factor = float(parameters["factor"])
    if factor >= 1:
        return premultiplied(pixels, lambda image: _nearer(image, factor))
    return premultiplied(pixels, lambda image: _further(image, factor))


def _nearer(image: Pixels, factor: float) -> Pixels:
    height, width = image.shape[:2]
    kept_width, kept_height = max(1, round(width / factor)), max(1, round(height / factor))
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    middle = image[top : top + kept_height, left : left + kept_width]
    return as_pixels(cv2.resize(middle, (width, height), interpolation=cv2.INTER_CUBIC))


def _further(image: Pixels, factor: float) -> Pixels:
    height, width = image.shape[:2]
    small_width, small_height = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(image, (small_width, small_height), interpolation=cv2.INTER_AREA)
    left, top = (width - small_width) // 2, (height - small_height) // 2
    right, bottom = width - small_width - left, height - small_height - top
    framed = as_pixels(cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_REFLECT_101))
    return with_surroundings_out_of_focus(framed, left, top, right, bottom)


OPERATIONS = (
    Operation(
        "perspective",
        (
            ChoiceParameter("side", ("left", "right")),
            NumberParameter("strength", 0.01, 0.6),
            NumberParameter("jitter", 0, 0.5),
        ),
        perspective,
        costly=True,
    ),
    Operation("zoom", (NumberParameter("factor", 0.25, 8),), zoom),
)
