"""Which format a file is in: by its first bytes, never by its name."""

from __future__ import annotations

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec.image import ImageFormat

JPEG_SIGNATURE = b"\xff\xd8\xff"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_REMEDY = "send a JPEG or PNG"
_OTHERS = (
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyp", "HEIC or another ISO media file"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"II+\x00", "BigTIFF"),
    (0, b"MM\x00+", "BigTIFF"),
    (0, b"BM", "BMP"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"jP  ", "JPEG 2000"),
    (0, b"\x8aMNG", "MNG"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF", "PDF"),
    (0, b"\x00\x00\x01\x00", "an icon"),
)


def format_of(data: bytes) -> ImageFormat | Failure:
    """JPEG or PNG; `unsupported_format` names what else it is, `corrupt_image` is too short."""
    if data.startswith(JPEG_SIGNATURE):
        return ImageFormat.JPEG
    if data.startswith(PNG_SIGNATURE):
        return ImageFormat.PNG
    if not data:
        return Failure(ErrorType.CORRUPT_IMAGE, f"image: empty, 0 bytes; {_REMEDY}")
    if JPEG_SIGNATURE.startswith(data) or PNG_SIGNATURE.startswith(data):
        return Failure(
            ErrorType.CORRUPT_IMAGE,
            f"image: cut after {len(data)} bytes, inside its signature; send the whole file",
        )
    return Failure(ErrorType.UNSUPPORTED_FORMAT, f"image: {_named(data)}; {_REMEDY}")


def _named(data: bytes) -> str:
    for offset, magic, name in _OTHERS:
        if data.startswith(magic, offset):
            return f"is {name}"
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        return "is SVG or XML"
    if start and all(byte >= 32 or byte in b"\t\r\n" for byte in start):
        return "is text"
    return f"starts with {data[:8].hex(' ')}, which is no known image"
