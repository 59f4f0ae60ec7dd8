"""A photo as JPEG itself holds it: a plane of luma, and two of chroma in half the resolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2

from colecionador.imaging.codec.image import ImageFormat, Pixels, as_pixels


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """YCbCr 4:2:0 in the full range of JFIF (BT.601). Width and height are even.

    Half the bytes of BGR, and neither decoding nor encoding converts colours. With an odd side the
    last chroma sample would belong to a pixel that a turned image has elsewhere.
    """

    luma: Pixels
    """(height, width)."""
    blue: Pixels
    """Cb, (height / 2, width / 2): 128 is grey."""
    red: Pixels
    """Cr, likewise."""

    def each(self, change: Callable[[Pixels], Pixels]) -> Planes:
        """The planes after the same change to each."""
        return Planes(change(self.luma), change(self.blue), change(self.red))


def to_bgr(planes: Planes) -> Pixels:
    """The same picture in BGR; chroma is interpolated as libjpeg does it (3/4 and 1/4)."""
    height, width = planes.luma.shape
    # OpenCV's order is Y, Cr, Cb.
    chroma = [
        cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
        for plane in (planes.red, planes.blue)
    ]
    merged = cv2.merge((planes.luma, *chroma))
    return as_pixels(cv2.cvtColor(merged, cv2.COLOR_YCrCb2BGR, dst=merged))


@dataclass(frozen=True, slots=True, eq=False)
class PlanarImage:
    """A decoded JPEG, upright. Treat `planes` as read-only: variations share them."""

    planes: Planes
    icc: bytes | None = None

    @property
    def format(self) -> ImageFormat:
        """JPEG: nothing else comes in planes."""
        return ImageFormat.JPEG

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.planes.luma.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.planes.luma.shape[0])

    @property
    def pixels(self) -> Pixels:
        """BGR, converted anew at each use."""
        return to_bgr(self.planes)
