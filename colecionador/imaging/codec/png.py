"""PNG by OpenCV, after its chunks were walked: alpha is kept, 16 bits become 8 once."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import cv2
import numpy as np

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec.exif import choose_orientation
from colecionador.imaging.codec.icc import fitting_profile, iccp_from_profile, profile_from_iccp
from colecionador.imaging.codec.image import Header, ImageFormat, Pixels, as_pixels, channels_of
from colecionador.imaging.codec.orientation import UPRIGHT, swaps_sides
from colecionador.imaging.codec.png_chunks import Chunks, read_chunks, without_metadata

_GREY, _COLOUR, _PALETTE, _GREY_ALPHA, _COLOUR_ALPHA = 0, 2, 3, 4, 6
_AFTER_HEADER = 8 + 25
"""Where IHDR ends, and other chunks may begin."""
_MAX_TEXT_BYTES = 1024 * 1024
_XMP_KEYWORD = b"XML:com.adobe.xmp\x00"
_EXIF_KEYWORDS = (b"Raw profile type exif\x00", b"Raw profile type APP1\x00")


def read_header(data: bytes) -> Header | Failure:
    """Size, channels, orientation and colour profile, from chunks that are whole and sound."""
    chunks = read_chunks(data)
    if isinstance(chunks, Failure):
        return chunks
    channels = _channels(chunks)
    exif = chunks.first(b"eXIf") or _exif_in_text(chunks)
    orientation = choose_orientation(exif, _xmp(chunks))
    swapped = swaps_sides(orientation)
    profile = chunks.first(b"iCCP")
    return Header(
        format=ImageFormat.PNG,
        width=chunks.height if swapped else chunks.width,
        height=chunks.width if swapped else chunks.height,
        channels=channels,
        orientation=orientation,
        decoded_bytes=_decoded_bytes(chunks, channels, orientation),
        icc=fitting_profile(profile and profile_from_iccp(profile), channels),
    )


def decode(data: bytes, header: Header) -> Pixels | Failure:
    """The picture as it is stored, grey, BGR or BGRA, in 8 bits a channel."""
    chunks = read_chunks(data)
    if isinstance(chunks, Failure):
        return chunks
    try:
        # UNCHANGED, since the colour mode would show what is hidden under transparent pixels.
        bare = np.frombuffer(without_metadata(data, chunks), np.uint8)
        decoded = cv2.imdecode(bare, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        return Failure(ErrorType.INVALID_FORMAT, f"image: PNG that OpenCV refuses: {error.err}")
    if decoded is None:
        return Failure(
            ErrorType.CORRUPT_IMAGE,
            "image: PNG whose picture data ends early or does not unpack; send the whole file",
        )
    has_key = chunks.first(b"tRNS") is not None and chunks.colour_type in (_GREY, _COLOUR)
    pixels = _with_colour_key(decoded, chunks) if has_key else _eight_bits(decoded)
    if channels_of(pixels) != header.channels:
        return Failure(
            ErrorType.INVALID_FORMAT,
            f"image: PNG decodes to {channels_of(pixels)} channels, not {header.channels}; "
            "export it anew",
        )
    return pixels


def encode(pixels: Pixels, icc: bytes | None) -> bytes | Failure:
    """Lossless PNG of 8 bits a channel; the profile goes in after the header."""
    try:
        _, buffer = cv2.imencode(".png", pixels)
    except cv2.error as error:
        return Failure(ErrorType.INVALID_FORMAT, f"variation: OpenCV writes no PNG: {error.err}")
    encoded = buffer.tobytes()
    if icc is None:
        return encoded
    body = b"iCCP" + iccp_from_profile(icc)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return b"".join((encoded[:_AFTER_HEADER], chunk, encoded[_AFTER_HEADER:]))


def _channels(chunks: Chunks) -> int:
    if chunks.colour_type in (_GREY_ALPHA, _COLOUR_ALPHA) or chunks.first(b"tRNS") is not None:
        return 4
    return 1 if chunks.colour_type == _GREY else 3


def _decoded_bytes(chunks: Chunks, channels: int, orientation: int) -> int:
    area = chunks.width * chunks.height
    has_key = chunks.colour_type in (_GREY, _COLOUR) and channels == 4
    stored_channels = (1 if chunks.colour_type == _GREY else 3) if has_key else channels
    stored = area * stored_channels * (2 if chunks.depth == 16 else 1)
    # OpenCV holds the picture twice for a moment.
    decoding = 2 * stored
    # The stored picture, where it matches, in 8 bits, and with alpha.
    keying = stored + area * (2 * stored_channels + 5) if has_key else 0
    turning = 2 * area * channels if orientation != UPRIGHT else 0
    return max(decoding, keying, turning)


def _with_colour_key(decoded: Any, chunks: Chunks) -> Pixels:
    """BGRA in which the one colour is transparent that tRNS names for a grey or colour PNG."""
    samples = 1 if chunks.colour_type == _GREY else 3
    body = (chunks.first(b"tRNS") or b"").ljust(2 * samples, b"\x00")
    # Only the low bits count, and OpenCV has spread fewer than 8 over the whole range.
    values = [
        (value & (2**chunks.depth - 1)) * _expansion(chunks.depth)
        for value in struct.unpack_from(f">{samples}H", body)
    ]
    colour = cv2.cvtColor(decoded, cv2.COLOR_BGRA2BGR) if channels_of(decoded) == 4 else decoded
    matches = colour == np.array(values[::-1], colour.dtype)
    hidden = matches if samples == 1 else matches.all(axis=2)
    grown = cv2.COLOR_GRAY2BGRA if samples == 1 else cv2.COLOR_BGR2BGRA
    pixels = as_pixels(cv2.cvtColor(_eight_bits(colour), grown))
    pixels[:, :, 3][hidden] = 0
    return pixels


def _expansion(depth: int) -> int:
    """What a sample of fewer than 8 bits is multiplied by to fill the range up to 255."""
    return 255 // (2**depth - 1) if depth < 8 else 1


def _eight_bits(decoded: Any) -> Pixels:
    if decoded.dtype == np.uint8:
        return as_pixels(decoded)
    # Rounded to the nearest: 65535 stays white, and the darkest steps are not cut to black.
    return as_pixels(cv2.convertScaleAbs(decoded, alpha=255 / 65535))


def _xmp(chunks: Chunks) -> bytes | None:
    for body in chunks.bodies.get(b"iTXt", ()):
        if body.startswith(_XMP_KEYWORD):
            return body
    return None


def _exif_in_text(chunks: Chunks) -> bytes | None:
    """EXIF as ImageMagick writes it: hexadecimal digits in a text chunk."""
    for body in chunks.bodies.get(b"zTXt", []) + chunks.bodies.get(b"tEXt", []):
        keyword = next((word for word in _EXIF_KEYWORDS if body.startswith(word)), None)
        if keyword is None:
            continue
        text = body[len(keyword) :]
        try:
            if text[:1] == b"\x00":
                text = zlib.decompressobj().decompress(text[1:], _MAX_TEXT_BYTES)
            digits = re.sub(rb"\s", b"", text.split(b"\n", 3)[-1])
            raw = bytes.fromhex(digits.decode("ascii"))
        except (ValueError, zlib.error):
            continue
        return raw.removeprefix(b"Exif\x00\x00")
    return None
