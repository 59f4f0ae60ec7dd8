"""From bytes to pixels and back: JPEG and PNG, told by content, the header first."""

from colecionador.imaging.codec.codec import AnyImage, check_limits, decode, encode, read_header
from colecionador.imaging.codec.image import Header, Image, ImageFormat, Pixels
from colecionador.imaging.codec.planes import PlanarImage, Planes

__all__ = [
    "AnyImage",
    "Header",
    "Image",
    "ImageFormat",
    "Pixels",
    "PlanarImage",
    "Planes",
    "check_limits",
    "decode",
    "encode",
    "read_header",
]
