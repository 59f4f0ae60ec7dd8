"""The surroundings of an image that fills only the middle of its frame."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from colecionador.imaging.codec.image import Pixels, as_pixels

Line = npt.NDArray[np.float32]

# Chosen on photographs of all four categories: a wider blur shows where the image ends, a
# narrower one leaves things in the border that can be recognised.
SIGMA_PER_BORDER = 0.35
# The blur sets in over this part of the border, so that no line is seen at the image's edge.
FADE_PER_BORDER = 0.35
# The blurred copy is made on a border of this many pixels, whatever the size of the frame.
COARSE_BORDER_PIXELS = 10


def with_surroundings_out_of_focus(
    frame: Pixels, left: int, top: int, right: int, bottom: int
) -> Pixels:
    """Blur what lies in the border of `frame`, more and more from its inner edge outwards.

    `left`, `top`, `right` and `bottom` are the widths of the border in pixels. The pixels inside
    stay as they are; the frame is changed in place.
    """
    border = max(left, top, right, bottom)
    if not border:
        return frame
    height, width = frame.shape[:2]
    blurred = _blurred(frame, border)
    across = _outwards(width, left, right, border)
    down = _outwards(height, top, bottom, border)
    # Four strips, of which those above and below include the corners.
    for rows, columns in (
        (slice(0, top), slice(None)),
        (slice(height - bottom, None), slice(None)),
        (slice(top, height - bottom), slice(0, left)),
        (slice(top, height - bottom), slice(width - right, None)),
    ):
        weight = np.maximum(down[rows, None], across[None, columns])
        strip = frame[rows, columns]
        weight = weight.reshape(weight.shape + (1,) * (strip.ndim - 2))
        mixed = strip + weight * (blurred[rows, columns].astype(np.float32) - strip)
        frame[rows, columns] = np.rint(mixed)
    return frame


def _blurred(frame: Pixels, border: int) -> Pixels:
    height, width = frame.shape[:2]
    shrink = max(1.0, border / COARSE_BORDER_PIXELS)
    coarse_size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    coarse = cv2.resize(frame, coarse_size, interpolation=cv2.INTER_AREA)
    sigma = SIGMA_PER_BORDER * border / shrink
    cv2.GaussianBlur(coarse, (0, 0), sigma, dst=coarse, borderType=cv2.BORDER_REFLECT)
    blurred = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return as_pixels(blurred.reshape(frame.shape))


def _outwards(length: int, before: int, after: int, border: int) -> Line:
    """How far each pixel of a line lies in the border: 0 inside, rising smoothly to 1."""
    positions = np.arange(length, dtype=np.float32)
    depth = np.maximum(before - positions, positions - (length - after - 1))
    share = np.clip(depth / np.float32(border * FADE_PER_BORDER), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
