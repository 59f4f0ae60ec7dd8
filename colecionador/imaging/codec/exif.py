"""The one thing read from a photo's metadata: how the camera was held.

Metadata is never fatal: whatever cannot be read counts as upright.
"""

from __future__ import annotations

import re
import struct

from colecionador.imaging.codec.orientation import UPRIGHT

_ORIENTATION_TAG = 0x0112
_SHORT = 3
_LONG = 4
_XMP_ORIENTATION = re.compile(
    rb"tiff:Orientation(?:\s*=\s*[\"']|[^>]{0,99}>)\s{0,99}([1-8])\s*[\"'<]"
)


def exif_orientation(tiff: bytes) -> int | None:
    """The orientation in an EXIF block, which is a small TIFF file; None where it has none."""
    byte_order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if byte_order is None:
        return None
    try:
        (directory,) = struct.unpack_from(f"{byte_order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{byte_order}H", tiff, directory)
        for entry in range(entries):
            offset = directory + 2 + 12 * entry
            tag, kind = struct.unpack_from(f"{byte_order}HH", tiff, offset)
            if tag == _ORIENTATION_TAG and kind in (_SHORT, _LONG):
                letter = "H" if kind == _SHORT else "I"
                (value,) = struct.unpack_from(f"{byte_order}{letter}", tiff, offset + 8)
                return int(value) if 1 <= value <= 8 else None
    except struct.error:
        return None
    return None


def xmp_orientation(packet: bytes) -> int | None:
    """The orientation in an XMP packet (some editors write it only there), or None."""
    found = _XMP_ORIENTATION.search(packet)
    return int(found.group(1)) if found else None


def choose_orientation(exif: bytes | None, xmp: bytes | None) -> int:
    """EXIF's word, else XMP's, else upright."""
    return (
        (exif is not None and exif_orientation(exif))
        or (xmp is not None and xmp_orientation(xmp))
        or UPRIGHT
    )
