"""The one way in and the one way out, whatever the format."""

from __future__ import annotations

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec import jpeg, png
from colecionador.imaging.codec.image import Header, Image, ImageFormat
from colecionador.imaging.codec.orientation import upright
from colecionador.imaging.codec.planes import PlanarImage, Planes
from colecionador.imaging.codec.signature import format_of

AnyImage = Image | PlanarImage
"""A decoded image, whichever way it was decoded."""

MAX_SIDE = 1_000_000
"""Pixels; the most that OpenCV reads of a PNG. A JPEG has at most 65535."""


def read_header(data: bytes) -> Header | Failure:
    """What a file holds, told by its content alone and without decoding a pixel.

    `unsupported_format` for anything but still JPEG and PNG, `corrupt_image` where the file is
    empty, cut or damaged, `invalid_format` where it breaks its format's rules.
    """
    found = format_of(data)
    if isinstance(found, Failure):
        return found
    return jpeg.read_header(data) if found is ImageFormat.JPEG else png.read_header(data)


def check_limits(header: Header, max_pixels: int) -> Failure | None:
    """`source_too_large` where the image has more pixels than may be decoded, else None."""
    if max(header.width, header.height) > MAX_SIDE:
        return Failure(
            ErrorType.SOURCE_TOO_LARGE,
            f"image: {header.width}x{header.height}; a side has at most {MAX_SIDE} pixels",
        )
    pixels = header.width * header.height
    if pixels <= max_pixels:
        return None
    return Failure(
        ErrorType.SOURCE_TOO_LARGE,
        f"image: {header.width}x{header.height} is {pixels} pixels; "
        f"the limit is {max_pixels}: send a smaller image, or raise AUGMENT_MAX_PIXELS",
    )


def decode(data: bytes, header: Header) -> AnyImage | Failure:
    """The whole image of the file that `header` was read from, upright, in 8 bits a channel.

    In planes where a JPEG has those that can be turned and where there is a decoder for them.
    `corrupt_image` where the data is cut or damaged, `invalid_format` where no decoder takes it.
    """
    reads_jpeg = header.format is ImageFormat.JPEG
    decoded = jpeg.decode(data, header) if reads_jpeg else png.decode(data, header)
    if isinstance(decoded, Failure):
        return decoded
    if isinstance(decoded, Planes):
        planes = decoded.each(lambda plane: upright(plane, header.orientation))
        return PlanarImage(planes, header.icc)
    return Image(upright(decoded, header.orientation), header.format, header.icc)


def encode(image: AnyImage, file_format: ImageFormat, jpeg_quality: int) -> bytes | Failure:
    """The image as a file with its colour profile and no other metadata.

    JPEG is 4:2:0 (grey stays grey) at `jpeg_quality`, 1 to 100; PNG is lossless.
    `invalid_format` where the format cannot hold the image.
    """
    if file_format is ImageFormat.JPEG:
        raster = image.planes if isinstance(image, PlanarImage) else image.pixels
        return jpeg.encode(raster, image.icc, jpeg_quality)
    return png.encode(image.pixels, image.icc)
