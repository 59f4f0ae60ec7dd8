"""The marker segments before a JPEG's first scan: what is known of it without decoding."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from colecionador.domain.failures import ErrorType, Failure

SOI = 0xD8
EOI = 0xD9
SOS = 0xDA
DRI = 0xDD
APP0, APP1, APP2, APP14 = 0xE0, 0xE1, 0xE2, 0xEE
COMMENT = 0xFE
FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
"""Start-of-frame markers; which one says how the picture is coded."""
STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length: TEM, RST0 to RST7 and SOI."""

_EXIF = b"Exif\x00"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_MARKER = re.compile(rb"\xff([^\xff\x00])", re.DOTALL)
_MAX_SEGMENTS = 10_000
"""A file of nothing but empty segments would keep this walk busy for a minute."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The start-of-frame segment: coding, precision, stored size and each component's sampling."""

    coding: int
    precision: int
    width: int
    height: int
    samplings: tuple[tuple[int, int], ...]
    """Horizontal and vertical sampling factor of each component."""

    @property
    def block_size(self) -> tuple[int, int]:
        """Width and height in pixels of a block (MCU) that holds every component."""
        if len(self.samplings) == 1:
            return 8, 8
        return 8 * max(h for h, _ in self.samplings), 8 * max(v for _, v in self.samplings)

    @property
    def progressive(self) -> bool:
        """True where the picture comes in many scans, Huffman or arithmetic."""
        return self.coding in (0xC2, 0xCA)


@dataclass(slots=True)
class Segments:
    """What was found before the first scan."""

    frame: Frame | None = None
    frame_offset: int = 0
    """Where its marker is."""
    scan_offset: int = 0
    """Where the first start-of-scan marker is."""
    scan_data_offset: int = 0
    """Where that scan's compressed data begins."""
    scan_components: int = 0
    restart_interval: int = 0
    """How many blocks (MCUs) lie between two restart markers; 0 = there are none."""
    exif: bytes | None = None
    xmp: bytes | None = None
    app2: list[bytes] = field(default_factory=list)
    essential: list[tuple[int, int]] = field(default_factory=list)
    """From and to of the segments that decoding needs, in order."""


def read_segments(data: bytes) -> Segments | Failure:
    """Walk to the first scan. Stray bytes between segments are passed over, as libjpeg does."""
    segments = Segments()
    position = 2
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.search(data, position)
        if found is None:
            return _cut(len(data))
        marker = found.group(1)[0]
        start, position = found.end() - 2, found.end()
        if marker in STANDALONE:
            continue
        if marker == EOI:
            return Failure(ErrorType.INVALID_FORMAT, "image: JPEG that ends before its picture")
        length = int.from_bytes(data[position : position + 2], "big")
        end = position + length
        if position + 2 > len(data) or end > len(data):
            return _cut(len(data))
        if length < 2:
            return _broken(f"segment ff{marker:02x} of length {length} at byte {start}")
        problem = _note(segments, marker, data[position + 2 : end], (start, end))
        if problem is not None:
            return problem
        if marker == SOS:
            return segments
        position = end
    return _broken(f"more than {_MAX_SEGMENTS} segments before its picture")


def without_metadata(data: bytes, segments: Segments) -> bytes:
    """The same picture with nothing between its header segments that decoding does not need."""
    kept = [data[start:end] for start, end in segments.essential]
    return b"".join((data[:2], *kept, data[segments.scan_offset :]))


def _note(segments: Segments, marker: int, body: bytes, span: tuple[int, int]) -> Failure | None:
    if marker in FRAMES:
        if segments.frame is not None:
            return _broken("a second frame header")
        frame = _frame(marker, body)
        if isinstance(frame, Failure):
            return frame
        segments.frame, segments.frame_offset = frame, span[0]
    elif marker == SOS:
        segments.scan_offset, segments.scan_data_offset = span
        segments.scan_components = body[0] if body else 0
        return _broken("a scan before its frame header") if segments.frame is None else None
    elif marker == APP1 and body.startswith(_EXIF) and segments.exif is None:
        segments.exif = body[6:]
    elif marker == APP1 and body.startswith(_XMP) and segments.xmp is None:
        segments.xmp = body[len(_XMP) :]
    elif marker == APP2:
        segments.app2.append(body)
    elif marker == DRI:
        segments.restart_interval = int.from_bytes(body[:2], "big")
    if marker in (APP0, APP14) or not (APP0 <= marker <= 0xEF or marker == COMMENT):
        segments.essential.append(span)
    return None


def _frame(coding: int, body: bytes) -> Frame | Failure:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return _broken("a frame header that is too short")
    samplings = tuple((body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15) for i in range(body[5]))
    if not all(1 <= factor <= 4 for sampling in samplings for factor in sampling):
        return _broken(f"sampling factors {samplings}; they must be from 1 to 4")
    return Frame(
        coding=coding,
        precision=body[0],
        height=int.from_bytes(body[1:3], "big"),
        width=int.from_bytes(body[3:5], "big"),
        samplings=samplings,
    )


def _cut(size: int) -> Failure:
    return Failure(
        ErrorType.CORRUPT_IMAGE,
        f"image: JPEG cut after {size} bytes, before its picture begins; send the whole file",
    )


def _broken(what: str) -> Failure:
    return Failure(ErrorType.INVALID_FORMAT, f"image: JPEG with {what}; export it anew")
