"""A JPEG encoder small enough to break on purpose: any sampling, one flat colour a component.

No common encoder writes the rare samplings that some cameras and scanners do.
"""

from __future__ import annotations

import struct
from math import ceil

from tests.fix_images import jpeg_segment

_CATEGORIES = bytes((0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
"""Twelve codes of four bits: the category of a DC difference is its own code."""
_END_OF_BLOCK = bytes((1, *(0,) * 15))
"""One code of one bit."""


def flat_jpeg(
    width: int, height: int, samplings: tuple[tuple[int, int], ...], levels: tuple[int, ...]
) -> bytes:
    """A baseline JPEG whose components (Y, Cb, Cr) have these samplings and levels, 0 to 255."""
    components = b"".join(
        bytes((index + 1, h << 4 | v, 0)) for index, (h, v) in enumerate(samplings)
    )
    scan = b"".join(bytes((index + 1, 0)) for index in range(len(samplings)))
    frame = struct.pack(">BHHB", 8, height, width, len(samplings)) + components
    return b"".join(
        (
            b"\xff\xd8",
            jpeg_segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            jpeg_segment(0xDB, b"\x00" + bytes((8,)) + bytes((1,)) * 63),
            jpeg_segment(0xC0, frame),
            jpeg_segment(0xC4, b"\x00" + _CATEGORIES + bytes(range(12))),
            jpeg_segment(0xC4, b"\x10" + _END_OF_BLOCK + b"\x00"),
            jpeg_segment(0xDA, bytes((len(samplings),)) + scan + b"\x00\x3f\x00"),
            _scan(width, height, samplings, levels),
            b"\xff\xd9",
        )
    )


def _scan(
    width: int, height: int, samplings: tuple[tuple[int, int], ...], levels: tuple[int, ...]
) -> bytes:
    across = ceil(width / (8 * max(h for h, _ in samplings)))
    down = ceil(height / (8 * max(v for _, v in samplings)))
    bits = []
    predictions = [0] * len(samplings)
    for _ in range(across * down):
        for index, (h, v) in enumerate(samplings):
            for _ in range(h * v):
                # With a quantiser of 8 for DC, the coefficient is the level less 128.
                wanted = levels[index] - 128
                bits.append(_difference(wanted - predictions[index]) + "0")
                predictions[index] = wanted
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    packed = bytes(int(text[start : start + 8], 2) for start in range(0, len(text), 8))
    return packed.replace(b"\xff", b"\xff\x00")


def _difference(value: int) -> str:
    category = abs(value).bit_length()
    if category == 0:
        return f"{0:04b}"
    coded = value if value > 0 else value + (1 << category) - 1
    return f"{category:04b}{coded:0{category}b}"
