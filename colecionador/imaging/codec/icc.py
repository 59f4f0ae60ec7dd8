"""Colour profiles: which may be carried over, and how each format holds them.

A profile describes the numbers of its pixels, so it goes along unchanged; without it a Display-P3
photo would fade. One that does not fit the decoded channels (a CMYK profile of a picture that is
RGB by now) would do harm, and is left behind.
"""

from __future__ import annotations

import struct
import zlib

MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""Larger ones are left behind: no display or camera profile comes near it."""

_HEADER_BYTES = 128
_SPACES = {1: b"GRAY", 3: b"RGB ", 4: b"RGB "}
_JPEG_MARKER = b"ICC_PROFILE\x00"
_JPEG_PART_BYTES = 65519
"""A segment's 65535 less its length, the marker and two counters."""


def fitting_profile(profile: bytes | None, channels: int) -> bytes | None:
    """The profile where it is sound and for images of so many channels, else None."""
    if profile is None or not _HEADER_BYTES < len(profile) <= MAX_PROFILE_BYTES:
        return None
    (declared,) = struct.unpack_from(">I", profile)
    sound = declared == len(profile) and profile[36:40] == b"acsp"
    return profile if sound and profile[16:20] == _SPACES[channels] else None


def profile_from_app2(segments: list[bytes]) -> bytes | None:
    """The profile of a JPEG's APP2 segments, in any order; None where a part is missing."""
    parts: dict[int, bytes] = {}
    expected = 0
    for segment in segments:
        if segment.startswith(_JPEG_MARKER) and len(segment) > len(_JPEG_MARKER) + 2:
            number, expected = segment[12], segment[13]
            parts.setdefault(number, segment[14:])
    if not parts or sorted(parts) != list(range(1, expected + 1)):
        return None
    return b"".join(parts[number] for number in sorted(parts))


def app2_from_profile(profile: bytes) -> bytes:
    """A profile as the APP2 segments that a JPEG holds it in."""
    parts = [
        profile[start : start + _JPEG_PART_BYTES]
        for start in range(0, len(profile), _JPEG_PART_BYTES)
    ]
    segments = []
    for number, part in enumerate(parts, start=1):
        body = _JPEG_MARKER + bytes((number, len(parts))) + part
        segments.append(b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body)
    return b"".join(segments)


def profile_from_iccp(body: bytes) -> bytes | None:
    """The profile of a PNG's iCCP chunk; None where it does not unpack, or to too much."""
    _, separator, rest = body.partition(b"\x00")
    if not separator or rest[:1] != b"\x00":
        return None
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(rest[1:], MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return None
    return profile if unpacker.eof else None


def iccp_from_profile(profile: bytes) -> bytes:
    """A profile as the body of a PNG's iCCP chunk."""
    return b"icc\x00\x00" + zlib.compress(profile)
