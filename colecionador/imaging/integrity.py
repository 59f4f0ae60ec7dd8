"""The check of every encoded variation before it is uploaded."""

from __future__ import annotations

import simplejpeg

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec import ImageFormat, read_header


def check_encoded(data: bytes, file_format: ImageFormat, width: int, height: int) -> Failure | None:
    """`invalid_format` unless `data` is a whole file of this format and size, else None."""
    header = read_header(data)
    if isinstance(header, Failure):
        return _invalid(header.error)
    if (header.format, header.width, header.height) != (file_format, width, height):
        return _invalid(
            f"is {header.format} of {header.width}x{header.height}, "
            f"not {file_format} of {width}x{height}"
        )
    return _jpeg_problem(data) if file_format is ImageFormat.JPEG else None


def _jpeg_problem(data: bytes) -> Failure | None:
    try:
        simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, min_factor=8)
    except ValueError as error:
        return _invalid(f"does not decode: {error}")
    return None


def _invalid(what: str) -> Failure:
    return Failure(ErrorType.INVALID_FORMAT, f"variation: {what}")
