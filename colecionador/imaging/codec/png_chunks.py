"""A PNG's chunks: order, length and checksum, walked before any decoder sees the file.

OpenCV 5.0 crashes the process on some cut animations, so animation and damage end here.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec.signature import PNG_SIGNATURE

_FIELDS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
"""Chunks whose bodies are of use."""
_ESSENTIAL = frozenset({b"PLTE", b"tRNS", b"IDAT", b"IEND"})
"""Chunks that decoding needs, besides IHDR."""
_CHANNEL_DEPTHS = {
    0: (1, 2, 4, 8, 16),
    2: (8, 16),
    3: (1, 2, 4, 8),
    4: (8, 16),
    6: (8, 16),
}
"""The bit depths that each colour type allows."""
_MAX_CHUNKS = 250_000
"""A file of nothing but empty chunks would keep this walk busy for seconds."""


@dataclass(slots=True)
class Chunks:
    """What a whole and sound PNG says of itself."""

    width: int
    height: int
    depth: int
    colour_type: int
    interlaced: bool
    bodies: dict[bytes, list[bytes]] = field(default_factory=dict)
    essential: list[tuple[int, int]] = field(default_factory=list)
    """From and to of what decoding needs, in order."""

    def first(self, kind: bytes) -> bytes | None:
        """The body of the first chunk of a kind."""
        return next(iter(self.bodies.get(kind, ())), None)


def read_chunks(data: bytes) -> Chunks | Failure:
    """Walk from the signature to IEND; what stands behind it is no part of the picture."""
    view = memoryview(data)
    position = len(PNG_SIGNATURE)
    body = _body(view, position)
    if isinstance(body, Failure):
        return body
    kind = _kind(view, position)
    chunks = _header(kind, bytes(body))
    if isinstance(chunks, Failure):
        return chunks
    seen = {kind}
    chunks.essential.append((0, position + 12 + len(body)))
    for _ in range(_MAX_CHUNKS):
        previous = kind
        position += 12 + len(body)
        body = _body(view, position)
        if isinstance(body, Failure):
            return body
        kind = _kind(view, position)
        problem = _problem(kind, previous, seen)
        if problem is not None:
            return problem
        seen.add(kind)
        if kind in _ESSENTIAL:
            _extend(chunks.essential, position, position + 12 + len(body))
        if kind in _FIELDS:
            chunks.bodies.setdefault(kind, []).append(bytes(body))
        if kind == b"IEND":
            return chunks
    return _broken(f"more than {_MAX_CHUNKS} chunks")


def without_metadata(data: bytes, chunks: Chunks) -> bytes:
    """The same picture without the chunks that decoding does not need.

    The decoder would only warn of them, on the standard error of the process.
    """
    return b"".join(data[start:end] for start, end in chunks.essential)


def _extend(spans: list[tuple[int, int]], start: int, end: int) -> None:
    if spans[-1][1] == start:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))


def _kind(view: memoryview, position: int) -> bytes:
    return bytes(view[position + 4 : position + 8])


def _problem(kind: bytes, previous: bytes, seen: set[bytes]) -> Failure | None:
    if kind == b"acTL":
        return Failure(
            ErrorType.UNSUPPORTED_FORMAT, "image: animated PNG; send a still JPEG or PNG"
        )
    has_data = b"IDAT" in seen
    if kind == b"IDAT" and has_data and previous != b"IDAT":
        return _broken("picture data in two places")
    if kind == b"IEND" and not has_data:
        return _broken("no picture data")
    if kind == b"IHDR" or (kind == b"PLTE" and has_data):
        return _broken(f"a misplaced {kind.decode()} chunk")
    return None


def _body(view: memoryview, position: int) -> memoryview | Failure:
    if position + 12 > len(view):
        return _cut(len(view))
    (length,) = struct.unpack_from(">I", view, position)
    if length > 0x7FFFFFFF:
        return _damaged(position, f"claims {length} bytes")
    end = position + 8 + length
    if end + 4 > len(view):
        return _cut(len(view))
    (checksum,) = struct.unpack_from(">I", view, end)
    if zlib.crc32(view[position + 4 : end]) != checksum:
        return _damaged(position, "does not match its checksum")
    return view[position + 8 : end]


def _header(kind: bytes, body: bytes) -> Chunks | Failure:
    if kind != b"IHDR" or len(body) != 13:
        return _broken("no IHDR chunk at its start")
    width, height, depth, colour, *methods = struct.unpack(">IIBBBBB", body)
    if not 0 < width <= 0x7FFFFFFF or not 0 < height <= 0x7FFFFFFF:
        return _broken(f"a size of {width}x{height}")
    if depth not in _CHANNEL_DEPTHS.get(colour, ()):
        return _broken(f"colour type {colour} at {depth} bits")
    if methods not in ([0, 0, 0], [0, 0, 1]):
        return _broken(f"compression, filter and interlace methods {methods}")
    return Chunks(width, height, depth, colour, interlaced=bool(methods[2]))


def _cut(size: int) -> Failure:
    return Failure(
        ErrorType.CORRUPT_IMAGE,
        f"image: PNG cut after {size} bytes, before its IEND chunk; send the whole file",
    )


def _damaged(position: int, what: str) -> Failure:
    return Failure(
        ErrorType.CORRUPT_IMAGE,
        f"image: PNG chunk at byte {position} {what}; send the file again",
    )


def _broken(what: str) -> Failure:
    return Failure(ErrorType.INVALID_FORMAT, f"image: PNG with {what}; export it anew")
