"""JPEG to planes and back, by the planar functions of the system's TurboJPEG library.

No Python package has both ways: simplejpeg encodes planes, but sets no restart markers, on which
the check of every output rests (`integrity`). Where the library is missing, JPEGs go by BGR.
ctypes lets go of the GIL while pixels are worked on; the other calls take less than that would.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_int, c_ulong, c_void_p
from functools import cache, lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec.image import Pixels, as_pixels
from colecionador.imaging.codec.planes import Planes

LIBRARY = "libturbojpeg.so.0"
PACKAGE = "libturbojpeg0 (Ubuntu: libturbojpeg)"

# Of turbojpeg.h; the values are part of the library's binary interface.
_420 = 2
_CHROMA_DIVISORS = {_420: (2, 2), 1: (2, 1), 4: (1, 2)}
"""By subsampling (4:2:0, 4:2:2, 4:4:0): how many times luma is as wide and as high as chroma."""
_YCBCR = 1
_NO_REALLOCATION = 1024
_ACCURATE_DCT = 4096
_STOP_ON_WARNING = 8192

_KEPT_ROOM_BYTES = 64 * 1024 * 1024
"""A thread keeps the room for its next output up to this size: that of 22 megapixels."""

_RESTART_MARKER = b"\xff\xd0"

# A restart marker after every row of blocks. TurboJPEG 2 takes that from the environment alone,
# and reads it at each call; nobody else in this process does.
os.environ["TJ_RESTART"] = "1"


@contextmanager
def _handle(make: str) -> Iterator[int]:
    """A compressor or decompressor, as `make` names it, for one image.

    Never for another: a decompressor goes on with the tables of the image before, and after an
    error in a header it goes on in the middle of that header, so that sound images fail on it.
    Making one takes a few microseconds.
    """
    handle: int | None = getattr(_library().brief, make)()
    if handle is None:
        raise MemoryError(f"{make} of {LIBRARY}")
    try:
        yield handle
    finally:
        _library().brief.tjDestroy(handle)


class _Room(threading.local):
    """Where a thread writes its outputs, which are copied out as soon as they are there."""

    def __init__(self) -> None:
        self._kept = np.empty(0, np.uint8)

    def of(self, size: int) -> Pixels:
        """Room for `size` bytes. Only what is written takes memory."""
        if size <= self._kept.nbytes:
            return self._kept
        room = np.empty(size, np.uint8)
        if size <= _KEPT_ROOM_BYTES:
            self._kept = room
        return room


_room = _Room()


@cache
def problem() -> str | None:
    """Why JPEGs cannot go by planes here; None where they can."""
    try:
        _library()
    except (OSError, AttributeError) as error:
        return f"{LIBRARY}: {error}; install {PACKAGE}"
    grey = np.full((32, 32), 128, np.uint8)
    encoded = encode_planes(Planes(grey, grey[::2, ::2].copy(), grey[::2, ::2].copy()), 90)
    if isinstance(encoded, Failure):
        return f"{LIBRARY}: {encoded.error}"
    if _RESTART_MARKER not in encoded:
        return f"{LIBRARY}: sets no restart markers when TJ_RESTART asks for them, as 2.1 does"
    return None


def decode_planes(data: bytes, width: int, height: int) -> Planes | None:
    """The planes of a whole JPEG of this size, as it is stored.

    None for what has no such planes (an odd side, grey, CMYK, RGB or a rarer sampling), for what
    the decoder has anything against, and where there is none: the BGR decoder has the say then.
    """
    if width % 2 or height % 2 or problem() is not None:
        return None
    planes = _decoded(data, width, height)
    if planes is None:
        return None
    luma, *differences = planes
    blue, red = (_halved(plane, width // 2, height // 2) for plane in differences)
    return Planes(luma, blue, red)


def _decoded(data: bytes, width: int, height: int) -> list[Pixels] | None:
    found = [c_int() for _ in range(4)]
    flags = _ACCURATE_DCT | _STOP_ON_WARNING
    with _handle("tjInitDecompress") as handle:
        if _library().brief.tjDecompressHeader3(handle, data, len(data), *map(byref, found)):
            return None
        *size, subsampling, colours = (number.value for number in found)
        divisors = _CHROMA_DIVISORS.get(subsampling)
        if size != [width, height] or divisors is None or colours != _YCBCR:
            return None
        chroma = (height // divisors[1], width // divisors[0])
        planes = [np.empty(shape, np.uint8) for shape in ((height, width), chroma, chroma)]
        pointers = _pointers(planes)
        failed = _library().long.tjDecompressToYUVPlanes(
            handle, data, len(data), pointers, width, None, height, flags
        )
    return None if failed else planes


def encode_planes(planes: Planes, quality: int) -> bytes | Failure:
    """Baseline JPEG, 4:2:0, with a restart marker after every row of blocks."""
    height, width = planes.luma.shape
    # The library takes it for granted that there is room for the worst case.
    room = _room.of(_most_bytes(width, height))
    start, size = c_void_p(room.ctypes.data), c_ulong(room.nbytes)
    sources = [np.ascontiguousarray(plane) for plane in (planes.luma, planes.blue, planes.red)]
    flags = _ACCURATE_DCT | _NO_REALLOCATION
    with _handle("tjInitCompress") as handle:
        if _library().long.tjCompressFromYUVPlanes(
            *(handle, _pointers(sources), width, None, height, _420),
            *(byref(start), byref(size), quality, flags),
        ):
            reason = _library().brief.tjGetErrorStr2(handle).decode(errors="replace")
            return Failure(
                ErrorType.INVALID_FORMAT, f"variation: TurboJPEG writes no JPEG: {reason}"
            )
    return room[: size.value].tobytes()


@lru_cache
def _most_bytes(width: int, height: int) -> int:
    most: int = _library().brief.tjBufSize(width, height, _420)
    return most


def _halved(plane: Pixels, width: int, height: int) -> Pixels:
    if plane.shape == (height, width):
        return plane
    return as_pixels(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))


def _pointers(planes: list[Pixels]) -> ctypes.Array[c_void_p]:
    return (c_void_p * len(planes))(*(plane.ctypes.data for plane in planes))


class _Library(NamedTuple):
    """The library, twice: its functions differ in whether other threads may go on meanwhile."""

    brief: ctypes.PyDLL
    """For calls of microseconds: they keep the GIL."""
    long: ctypes.CDLL
    """For calls that work on pixels."""


@cache
def _library() -> _Library:
    brief, long = ctypes.PyDLL(LIBRARY), ctypes.CDLL(LIBRARY)
    brief.tjInitDecompress.restype = brief.tjInitCompress.restype = c_void_p
    brief.tjDestroy.argtypes = [c_void_p]
    brief.tjGetErrorStr2.argtypes = [c_void_p]
    brief.tjGetErrorStr2.restype = c_char_p
    brief.tjBufSize.argtypes = [c_int, c_int, c_int]
    brief.tjBufSize.restype = c_ulong
    brief.tjDecompressHeader3.argtypes = [c_void_p, c_char_p, c_ulong, *(POINTER(c_int),) * 4]
    long.tjDecompressToYUVPlanes.argtypes = [
        *(c_void_p, c_char_p, c_ulong, c_void_p),
        *(c_int, c_void_p, c_int, c_int),
    ]
    long.tjCompressFromYUVPlanes.argtypes = [
        *(c_void_p, c_void_p, c_int, c_void_p, c_int, c_int),
        *(POINTER(c_void_p), POINTER(c_ulong), c_int, c_int),
    ]
    return _Library(brief, long)
