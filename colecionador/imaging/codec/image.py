"""What the codecs speak of: a format, a file's header, and a decoded image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""Rows, columns and, but for grey, channels: (h, w) grey, (h, w, 3) BGR or (h, w, 4) BGRA."""


class ImageFormat(StrEnum):
    """The formats that come in; each goes out as it came."""

    JPEG = "jpeg"
    PNG = "png"

    @property
    def extension(self) -> str:
        """Of an object's key, without the dot."""
        return "jpg" if self is ImageFormat.JPEG else "png"

    @property
    def content_type(self) -> str:
        """Of an upload."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its image before a pixel is decoded."""

    format: ImageFormat
    width: int
    """After orientation, as a person sees it."""
    height: int
    channels: int
    """Of the decoded image: 1 grey, 3 colour, 4 colour with alpha."""
    orientation: int
    """The EXIF orientation, 1 to 8, that decoding applies."""
    decoded_bytes: int
    """The most memory that decoding takes at once, beside the file itself."""
    icc: bytes | None = None
    """The colour profile, where it fits the decoded channels."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A decoded image, upright. Treat `pixels` as read-only: variations share them."""

    pixels: Pixels
    format: ImageFormat
    icc: bytes | None = None

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])


def channels_of(pixels: Pixels) -> int:
    """1 grey, 3 BGR or 4 BGRA."""
    return 1 if pixels.ndim == 2 else int(pixels.shape[2])


def as_pixels(array: Any) -> Pixels:
    """The same array under its narrower type: OpenCV's stubs do not know the element type."""
    return cast(Pixels, array)
