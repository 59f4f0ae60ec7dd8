"""Files that the world sends by accident or in anger, each with what must become of it."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from colecionador.domain.failures import ErrorType
from tests.fix_flat_jpeg import flat_jpeg
from tests.fix_images import (
    exif_block,
    icc_profile,
    jpeg_file,
    jpeg_segment,
    photograph_pixels,
    png_chunk,
    png_file,
    raw_png,
    with_chunks,
    with_segments,
)

RARE_SAMPLING = ((4, 2), (1, 1), (1, 1))


def hostile_files() -> dict[str, tuple[bytes, ErrorType | None]]:
    """Each file's bytes and its error type; None where it must give its nine variations."""
    return {**_harmless(), **_damaged(), **_bombs(), **_foreign()}


def _harmless() -> dict[str, tuple[bytes, ErrorType | None]]:
    photo = photograph_pixels("chelsea.png", 97, 61)
    jpeg, png = jpeg_file(photo), png_file(photo)
    thumbnail = jpeg_segment(0xE1, b"Exif\x00\x00" + exif_block(6) + jpeg)
    files = {
        "one pixel.jpg": jpeg_file(photo[:1, :1].copy()),
        "one pixel.png": png_file(photo[:1, :1].copy()),
        "one row.jpg": jpeg_file(np.zeros((1, 5000, 3), np.uint8)),
        "one column.png": png_file(np.zeros((5000, 1, 3), np.uint8)),
        "progressive.jpg": jpeg_file(photo, progressive=True),
        "cmyk with its profile.jpg": jpeg_file(photo, "CMYK", icc_profile=icc_profile(b"CMYK")),
        "rare sampling.jpg": flat_jpeg(50, 37, RARE_SAMPLING, (180, 100, 150)),
        "stray bytes.jpg": with_segments(jpeg, b"\x00\x01\x02"),
        "broken profile.jpg": with_segments(jpeg, jpeg_segment(0xE2, b"ICC_PROFILE\x00\x09\x02x")),
        "nested exif.jpg": with_segments(jpeg, *[thumbnail] * 9),
        "broken exif.jpg": with_segments(jpeg, jpeg_segment(0xE1, b"Exif\x00\x00II*\x00\xff\xff")),
        "two in one.jpg": jpeg + jpeg,
        "trailing garbage.png": png + b"garbage" * 99,
        "hidden colours.png": png_file(np.dstack([photo, np.zeros_like(photo[:, :, 0])])),
        "profile bomb.png": with_chunks(
            png, png_chunk(b"iCCP", b"x\x00\x00" + zlib.compress(bytes(40_000_000)))
        ),
    }
    return {name: (data, None) for name, data in files.items()}


def _damaged() -> dict[str, tuple[bytes, ErrorType | None]]:
    photo = photograph_pixels("chelsea.png", 97, 61)
    jpeg, png = jpeg_file(photo), png_file(photo)
    flipped = bytearray(png)
    flipped[len(png) // 2] ^= 1
    files = {
        "nothing.jpg": b"",
        "signature.jpg": b"\xff\xd8",
        "half.jpg": jpeg[: len(jpeg) // 2],
        "half and closed.jpg": jpeg[: len(jpeg) // 2] + b"\xff\xd9",
        "last byte missing.jpg": jpeg[:-1],
        "half a rare sampling.jpg": flat_jpeg(50, 37, RARE_SAMPLING, (9, 9, 9))[:-9] + b"\xff\xd9",
        "half.png": png[: len(png) // 2],
        "flipped bit.png": bytes(flipped),
        "picture too short.png": raw_png(90, 90, 8, 0, bytes(45 * 91)),
    }
    return {name: (data, ErrorType.CORRUPT_IMAGE) for name, data in files.items()}


def _bombs() -> dict[str, tuple[bytes, ErrorType | None]]:
    jpeg = bytearray(flat_jpeg(16, 16, ((1, 1),) * 3, (100, 128, 128)))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 30000, 30000)
    photo = photograph_pixels("chelsea.png", 40, 24)
    scans = jpeg_file(photo, progressive=True)
    last = scans.rindex(b"\xff\xda")
    return {
        "claims 900 megapixels.jpg": (bytes(jpeg), ErrorType.SOURCE_TOO_LARGE),
        "unpacks to 400 megapixels.png": (
            raw_png(20_000, 20_000, 1, 0, bytes(20_000 * 2_501)),
            ErrorType.SOURCE_TOO_LARGE,
        ),
        "endless scans.jpg": (
            scans[:last] + scans[last:-2] * 600 + b"\xff\xd9",
            ErrorType.INVALID_FORMAT,
        ),
        "endless segments.jpg": (
            b"\xff\xd8" + b"\xff\xe2\x00\x02" * 100_000,
            ErrorType.INVALID_FORMAT,
        ),
    }


def _foreign() -> dict[str, tuple[bytes, ErrorType | None]]:
    photo = photograph_pixels("chelsea.png", 40, 24)
    animation = png_chunk(b"acTL", bytes((0, 0, 0, 1, 0, 0, 0, 0)))
    files = {
        "a gif.jpg": b"GIF89a" + bytes(60),
        "a webp.png": b"RIFF\x3c\x00\x00\x00WEBPVP8 " + bytes(40),
        "a heic.jpg": b"\x00\x00\x00\x18ftypheic" + bytes(40),
        "a tiff.jpg": b"II*\x00" + bytes(40),
        "a drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "a letter.jpg": b"Dear archivist, the photo follows by post.",
        "zeros.jpg": bytes(1_000_000),
        "animated.png": with_chunks(png_file(photo), animation),
        "animated and cut.png": with_chunks(png_file(photo), animation)[:100],
        "lossless.jpg": flat_jpeg(16, 16, ((1, 1),), (9,)).replace(b"\xff\xc0", b"\xff\xc3", 1),
    }
    return {name: (data, ErrorType.UNSUPPORTED_FORMAT) for name, data in files.items()}
