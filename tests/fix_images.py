"""Images for tests: real photographs from a package, and files made in memory, byte by byte.

Photographs are those that lie inside scikit-image's wheel, so that none is downloaded.
"""

from __future__ import annotations

import io
import struct
import zlib
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from colecionador.domain.failures import Failure
from colecionador.domain.plan import Parameter, Variation
from colecionador.imaging.codec import AnyImage, Header, Image, ImageFormat, decode, read_header

Pixels = npt.NDArray[np.uint8]

PHOTOGRAPHS = {
    "carros": ("motorcycle_left.png", "motorcycle_right.png", "rocket.jpg"),
    "moedas": ("coins.png",),
    "animais": ("chelsea.png",),
    "arte": ("astronaut.png", "coffee.png", "retina.jpg"),
}
"""Files by the categoria that they may stand for."""
COLOUR_PHOTOGRAPHS = ("chelsea.png", "astronaut.png", "coffee.png", "motorcycle_left.png")
ITEM_PHOTOGRAPHS = tuple(name for names in PHOTOGRAPHS.values() for name in names)


def photograph(name: str) -> bytes:
    """The file of a real photograph, by its name in scikit-image's data folder."""
    return (files("skimage") / "data" / name).read_bytes()


def photograph_pixels(name: str, width: int | None = None, height: int | None = None) -> Pixels:
    """A real photograph in BGR, scaled to a size where one is given."""
    picture = Pillow.open(io.BytesIO(photograph(name))).convert("RGB")
    if width is not None and height is not None:
        picture = picture.resize((width, height), Pillow.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def photograph_jpeg(name: str, width: int, height: int, quality: int = 92) -> bytes:
    """A real photograph as a JPEG of a size."""
    return jpeg_file(photograph_pixels(name, width, height), quality=quality)


def jpeg_file(pixels: Pixels, mode: str = "", **options: object) -> bytes:
    """Grey or BGR pixels as JPEG by Pillow; `options` are Pillow's (quality, exif, …)."""
    picture = Pillow.fromarray(_rgb(pixels))
    return _saved(picture.convert(mode) if mode else picture, "JPEG", options)


def png_file(pixels: Pixels, **options: object) -> bytes:
    """Grey, BGR or BGRA pixels as PNG by Pillow."""
    return _saved(Pillow.fromarray(_rgb(pixels)), "PNG", options)


def as_image(pixels: Pixels, file_format: ImageFormat = ImageFormat.PNG) -> Image:
    """Pixels as a decoded image."""
    return Image(pixels, file_format)


def header_of(data: bytes) -> Header:
    """The header of a file that must have one."""
    header = read_header(data)
    assert isinstance(header, Header), header
    return header


def decoded(data: bytes) -> AnyImage:
    """The image of a file that must decode."""
    image = decode(data, header_of(data))
    assert not isinstance(image, Failure), image
    return image


def outcome(data: bytes) -> AnyImage | Failure:
    """What becomes of a file, whichever step says so."""
    header = read_header(data)
    return header if isinstance(header, Failure) else decode(data, header)


def variation(operation: str, name: str = "tried", **parameters: Parameter) -> Variation:
    """A variation as a plan would declare it."""
    return Variation(name, operation, tuple(sorted(parameters.items())))


def psnr(first: Pixels, second: Pixels) -> float:
    """Peak signal-to-noise ratio in dB; infinite where both are the same."""
    error = np.mean((first.astype(np.float64) - second.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def exif_block(orientation: int, byte_order: str = "<", extra: bytes = b"") -> bytes:
    """An EXIF block (a small TIFF) that has an orientation, after the `Exif` signature."""
    magic = b"II*\x00" if byte_order == "<" else b"MM\x00*"
    entry = struct.pack(f"{byte_order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return magic + struct.pack(f"{byte_order}IH", 8, 1) + entry + b"\x00" * 4 + extra


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """A marker segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG with segments (or stray bytes) put in after its JFIF header."""
    after = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:after] + b"".join(segments) + jpeg[after:]


def png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with chunks put in after its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def raw_png(
    width: int, height: int, depth: int, colour_type: int, rows: bytes, *chunks: bytes
) -> bytes:
    """A PNG of rows that are packed and have their filter bytes already."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND"),
        )
    )


def icc_profile(space: bytes = b"RGB ", size: int = 400, fill: int = 7) -> bytes:
    """Bytes with the outside of a colour profile: its length, its colour space, its signature."""
    body = bytearray(bytes((fill,)) * size)
    body[0:4] = struct.pack(">I", size)
    body[16:20] = space
    body[36:40] = b"acsp"
    return bytes(body)


def _rgb(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return pixels
    order = [2, 1, 0] if pixels.shape[2] == 3 else [2, 1, 0, 3]
    return np.ascontiguousarray(pixels[:, :, order])


def _saved(picture: Pillow.Image, file_format: str, options: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()
