"""Where the photographer might have stood: to one side, nearer, or further away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    drawn,
)
from colecionador.imaging.variations.planar import Map, warped
from colecionador.imaging.variations.surroundings import with_surroundings_out_of_focus


def perspective(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """See the image from its left or right (`side`): that side comes nearer.

    The near edge shows `strength` less of the height, which may vary by the fraction `jitter`;
    the frame stays full, so nothing needs filling.
    """
    height, width = pixels.shape[:2]
    view = _view(width, height, parameters, random)
    return premultiplied(pixels, lambda image: _warp(image, view, (width, height)))


def perspective_of_planes(planes: Planes, parameters: Parameters, random: Random) -> Planes:
    """The same."""
    height, width = planes.luma.shape
    view = _view(width, height, parameters, random)
    return warped(planes, view, (width, height), _warp)


def _view(width: int, height: int, parameters: Parameters, random: Random) -> Map:
    strength = drawn(random, float(parameters["strength"]), float(parameters["jitter"]))
    top, bottom = height * strength / 2, height * (1 - strength / 2)
    near = [(0.0, top), (0.0, bottom)]
    far = [(float(width), 0.0), (float(width), float(height))]
    if parameters["side"] == "right":
        near, far = [(0.0, 0.0), (0.0, float(height))], [(width, top), (width, bottom)]
    seen = np.array([near[0], far[0], far[1], near[1]], np.float32)
    frame = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    # Corners are those of the pixels' area, so that they meet the frame at every size.
    return np.asarray(cv2.getPerspectiveTransform(seen - 0.5, frame - 0.5), np.float64)


def _warp(pixels: Pixels, view: Map, size: tuple[int, int]) -> Pixels:
    return as_pixels(
        cv2.warpPerspective(
            pixels, view, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    )


def zoom(pixels: Pixels, parameters: Parameters, random: Random) -> Pixels:
    """Magnify about the centre by `factor`.

    Below 1 the image shrinks, and its surroundings are its own edges, mirrored and out of focus:
    mirrored alone, whatever touches an edge would be there twice, sharp, as no photo shows it.
    """
    height, width = pixels.shape[:2]
    factor = float(parameters["factor"])
    middle = _middle(width, height, factor)
    change = _nearer if factor >= 1 else _further
    return premultiplied(pixels, lambda image: change(image, middle))


def zoom_of_planes(planes: Planes, parameters: Parameters, random: Random) -> Planes:
    """The same."""
    height, width = planes.luma.shape
    factor = float(parameters["factor"])
    middle = _middle(width, height, factor)
    halves = tuple(number // 2 for number in middle)
    change = _nearer if factor >= 1 else _further
    return Planes(
        change(planes.luma, middle), change(planes.blue, halves), change(planes.red, halves)
    )


def _middle(width: int, height: int, factor: float) -> Sequence[int]:
    """Left, top, width and height of what is magnified, or of the image in its surroundings.

    All are even where both sides of the image are, so that planes can be cut there.
    """
    unit = 1 if width % 2 or height % 2 else 2
    share = max(factor, 1 / factor)
    kept_width, kept_height = (
        max(unit, unit * round(side / share / unit)) for side in (width, height)
    )
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return left - left % unit, top - top % unit, kept_width, kept_height


def _nearer(image: Pixels, middle: Sequence[int]) -> Pixels:
    height, width = image.shape[:2]
    left, top, kept_width, kept_height = middle
    kept = image[top : top + kept_height, left : left + kept_width]
    with _same_on_every_processor():
        return as_pixels(cv2.resize(kept, (width, height), interpolation=cv2.INTER_CUBIC))


@contextmanager
def _same_on_every_processor() -> Iterator[None]:
    """OpenCV without Intel's IPP, on this thread.

    What IPP makes of a cubic resize differs by a level here and there between processors with
    AVX2 and with AVX-512. OpenCV's own takes 50 ms of 12 megapixels instead of 20.
    """
    used = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    try:
        yield
    finally:
        cv2.ipp.setUseIPP(used)


def _further(image: Pixels, middle: Sequence[int]) -> Pixels:
    height, width = image.shape[:2]
    left, top, small_width, small_height = middle
    small = cv2.resize(image, (small_width, small_height), interpolation=cv2.INTER_AREA)
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
        apply_to_planes=perspective_of_planes,
        draws=True,
        costly=True,
    ),
    Operation(
        "zoom",
        (NumberParameter("factor", 0.25, 8),),
        zoom,
        apply_to_planes=zoom_of_planes,
    ),
)
