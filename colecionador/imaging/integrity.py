"""The check of every encoded variation before it is uploaded: the cheapest that finds damage.

Decoding each variation again, even to grey at an eighth of its size, costs 22 to 33 ms at
12 megapixels: a third of all work. So JPEG variations are written with a restart marker after
every row of blocks, and the check is one pass over the bytes (1 ms for 4 MB) for the right markers
in the right order, and a strict decode of the last row alone, which a cut would end in. That finds
whatever is cut, missing, doubled or moved by more than a row. PNG has a checksum in every chunk.

What it cannot find is damage within one row of blocks that leaves the markers alone: of 100 single
flipped bits it finds 2, and 7 of 100 stretches of a hundred zeros. A strict decode finds 24 and 69,
so neither is a checksum. From here on the MD5, compared with the ETag, covers every byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
import numpy.typing as npt
import simplejpeg

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec import Header, ImageFormat, read_header
from colecionador.imaging.codec.jpeg import header_of
from colecionador.imaging.codec.jpeg_segments import Frame, Segments, read_segments
from colecionador.imaging.codec.signature import format_of

_SCAN = b"\xff\xda"
_KEPT_HEADERS = 32
_KEPT_HEADER_BYTES = 16 * 1024
"""What is known of a header is kept: those of pictures of one size are alike to the last byte."""

_PREFIX = 0xFF
_RESTARTS, _END = bytes(range(0xD0, 0xD8)), b"\xd9"
"""What follows the prefix: the eight restart markers in turn, and the end of the image."""
_STRETCH_BYTES = 512 * 1024
"""So much of a scan is searched at a time: what is made of it stays in a core's cache."""
_HEIGHT_OFFSET = 5
"""Of a frame's height, from its marker."""


def check_encoded(data: bytes, file_format: ImageFormat, width: int, height: int) -> Failure | None:
    """`invalid_format` unless `data` is a whole file of this format and size, else None.

    The size is in pixels. JPEG without restart markers is decoded to grey at an eighth instead.
    """
    read = _read_jpeg(data) if format_of(data) is ImageFormat.JPEG else read_header(data)
    if isinstance(read, Failure):
        return _invalid(read.error)
    header, rows = (read.header, read.rows) if isinstance(read, _Jpeg) else (read, None)
    if (header.format, header.width, header.height) != (file_format, width, height):
        return _invalid(
            f"is {header.format} of {header.width}x{header.height}, "
            f"not {file_format} of {width}x{height}"
        )
    if isinstance(read, _Jpeg):
        return _decoding_problem(data, factor=8) if rows is None else _rows_problem(data, rows)
    return None


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a header with a restart interval says of the scan that follows it."""

    start: int
    """Where the scan's data begins."""
    markers: bytes
    """What each of its markers has to be, the end of the image included."""
    header_of_last: bytes | None
    """A header for the last row of blocks by itself; None where a marker is not for each row."""


@dataclass(frozen=True, slots=True)
class _Jpeg:
    """What stands before the first scan."""

    header: Header
    rows: _Rows | None
    """None where there are no restart markers."""


def _read_jpeg(data: bytes) -> _Jpeg | Failure:
    scan = data.find(_SCAN)
    end = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    usual = _usual(data[:end]) if 0 < scan <= _KEPT_HEADER_BYTES else None
    return _read(data) if usual is None else usual


@lru_cache(_KEPT_HEADERS)
def _usual(start: bytes) -> _Jpeg | None:
    """What the bytes before a scan say; None where they are not all that there is to read.

    Of several scans the first one alone is no whole picture, and so no header.
    """
    read = _read(start)
    return None if isinstance(read, Failure) else read


def _read(data: bytes) -> _Jpeg | Failure:
    segments = read_segments(data)
    if isinstance(segments, Failure):
        return segments
    header = header_of(data, segments)
    if isinstance(header, Failure):
        return header
    frame = segments.frame
    if frame is None or segments.restart_interval == 0:
        return _Jpeg(header, None)
    return _Jpeg(header, _rows(data, segments, frame))


def _rows(data: bytes, segments: Segments, frame: Frame) -> _Rows:
    block_width, block_height = frame.block_size
    columns = ceil(frame.width / block_width)
    rows = ceil(frame.height / block_height)
    intervals = ceil(columns * rows / segments.restart_interval)
    restarts = (_RESTARTS * (intervals // len(_RESTARTS) + 1))[: intervals - 1]
    header = None
    if segments.restart_interval == columns:
        height = frame.height - (rows - 1) * block_height
        offset = segments.frame_offset + _HEIGHT_OFFSET
        before, after = data[:offset], data[offset + 2 : segments.scan_data_offset]
        header = b"".join((before, height.to_bytes(2, "big"), after))
    return _Rows(segments.scan_data_offset, restarts + _END, header)


def _rows_problem(data: bytes, rows: _Rows) -> Failure | None:
    """What is wrong with the markers of the scan, or with the rows after the last of them."""
    found, ends = _markers(data, rows.start)
    if found != rows.markers:
        count = len(rows.markers) - 1
        return _invalid(f"has not its {count} restart markers in order, then its end")
    if ends[-1] != len(data):
        return _invalid(f"has {len(data) - ends[-1]} bytes after its end")
    if rows.header_of_last is None:
        return _decoding_problem(data, factor=8)
    last = int(ends[-2]) if len(ends) > 1 else rows.start
    return _decoding_problem(rows.header_of_last + data[last:], factor=1)


def _markers(data: bytes, start: int) -> tuple[bytes, npt.NDArray[np.intp]]:
    """What each marker from `start` on is, and where it ends. A prefix before 0 is no marker."""
    scan = np.frombuffer(data, np.uint8, offset=start)
    if len(scan) <= _STRETCH_BYTES:
        positions = np.flatnonzero(_marked(scan))
    else:
        stretches = range(0, len(scan) - 1, _STRETCH_BYTES)
        found = [_few(_marked(scan[each : each + _STRETCH_BYTES + 1])) + each for each in stretches]
        positions = np.concatenate(found)
    return scan[positions + 1].tobytes(), positions + (start + 2)


def _marked(stretch: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Where a marker's prefix is; of the last byte nobody knows what follows it."""
    prefixes: npt.NDArray[np.bool_] = stretch[:-1] == _PREFIX
    ones = prefixes.view(np.uint8)
    np.minimum(ones, stretch[1:], out=ones)
    return prefixes


def _few(marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """`flatnonzero` where next to nothing is: NumPy passes over zeros eight at a time."""
    whole = len(marked) // 8 * 8
    eights = np.flatnonzero(marked[:whole].view(np.uint64) != 0)
    within = np.flatnonzero(marked[:whole].reshape(-1, 8)[eights])
    rest = np.flatnonzero(marked[whole:]) + whole
    return np.concatenate((eights[within // 8] * 8 + within % 8, rest))


def _decoding_problem(data: bytes, factor: int) -> Failure | None:
    try:
        simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, min_factor=factor)
    except ValueError as error:
        return _invalid(f"does not decode: {error}")
    return None


def _invalid(what: str) -> Failure:
    return Failure(ErrorType.INVALID_FORMAT, f"variation: {what}")
