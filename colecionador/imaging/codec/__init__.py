"""From bytes to pixels and back: JPEG and PNG, told by content, the header first."""

from colecionador.imaging.codec.codec import check_limits, decode, encode, read_header
from colecionador.imaging.codec.image import Header, Image, ImageFormat, Pixels

__all__ = [
    "Header",
    "Image",
    "ImageFormat",
    "Pixels",
    "check_limits",
    "decode",
    "encode",
    "read_header",
]
