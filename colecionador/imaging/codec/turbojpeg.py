"""JPEG to planes and back, by the planar functions of the system's TurboJPEG library.

No Python package has both ways: simplejpeg encodes planes, but sets no restart markers, on which
the check of every output rests (`integrity`). Where the library is missing, JPEGs go by BGR.
ctypes lets go of the GIL for the length of a call.
"""

from __future__ import annotations

import ctypes
import os
import threading
from ctypes import POINTER, byref, c_char_p, c_int, c_ulong, c_void_p
from functools import cache

import cv2
import numpy as np

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec.image import Pixels, as_pixels
from colecionador.imaging.codec.planes import Planes

LIBRARY = "libturbojpeg.so.0"
PACKAGE = "libturbojpeg0"
"""Debian's and Ubuntu's package of it."""

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


class _Handle:
    """A compressor or decompressor of one thread."""

    def __init__(self, library: ctypes.CDLL, make: str) -> None:
        self._library = library
        self.pointer: int | None = getattr(library, make)()
        if self.pointer is None:
            raise MemoryError(f"{make} of {LIBRARY}")

    def __del__(self) -> None:
        self._library.tjDestroy(self.pointer)

    def error(self) -> str:
        """What the last call failed on."""
        text: bytes = self._library.tjGetErrorStr2(self.pointer)
        return text.decode(errors="replace")


class _Codec(threading.local):
    """This thread's own, since a handle has buffers that it writes to."""

    def __init__(self) -> None:
        self.decompress = _Handle(_library(), "tjInitDecompress")
        self.compress = _Handle(_library(), "tjInitCompress")
        self._room = np.empty(0, np.uint8)

    def room(self, size: int) -> Pixels:
        """Where to write an output of up to `size` bytes. Only what is written takes memory."""
        if size <= self._room.nbytes:
            return self._room
        room = np.empty(size, np.uint8)
        if size <= _KEPT_ROOM_BYTES:
            self._room = room
        return room


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
    handle = _codec().decompress
    found = [c_int() for _ in range(4)]
    if _library().tjDecompressHeader3(handle.pointer, data, len(data), *map(byref, found)):
        return None
    *size, subsampling, colours = (number.value for number in found)
    divisors = _CHROMA_DIVISORS.get(subsampling)
    if size != [width, height] or divisors is None or colours != _YCBCR:
        return None
    chroma = (height // divisors[1], width // divisors[0])
    planes = [np.empty(shape, np.uint8) for shape in ((height, width), chroma, chroma)]
    flags = _ACCURATE_DCT | _STOP_ON_WARNING
    if _library().tjDecompressToYUVPlanes(
        handle.pointer, data, len(data), _pointers(planes), width, None, height, flags
    ):
        return None
    luma, *differences = planes
    blue, red = (_halved(plane, width // 2, height // 2) for plane in differences)
    return Planes(luma, blue, red)


def encode_planes(planes: Planes, quality: int) -> bytes | Failure:
    """Baseline JPEG, 4:2:0, with a restart marker after every row of blocks."""
    height, width = planes.luma.shape
    codec = _codec()
    handle = codec.compress
    # The library takes it for granted that there is room for the worst case.
    room = codec.room(_library().tjBufSize(width, height, _420))
    start, size = c_void_p(room.ctypes.data), c_ulong(room.nbytes)
    sources = [np.ascontiguousarray(plane) for plane in (planes.luma, planes.blue, planes.red)]
    flags = _ACCURATE_DCT | _NO_REALLOCATION
    if _library().tjCompressFromYUVPlanes(
        *(handle.pointer, _pointers(sources), width, None, height, _420),
        *(byref(start), byref(size), quality, flags),
    ):
        return Failure(
            ErrorType.INVALID_FORMAT, f"variation: TurboJPEG writes no JPEG: {handle.error()}"
        )
    return room[: size.value].tobytes()


def _halved(plane: Pixels, width: int, height: int) -> Pixels:
    if plane.shape == (height, width):
        return plane
    return as_pixels(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))


def _pointers(planes: list[Pixels]) -> ctypes.Array[c_void_p]:
    return (c_void_p * len(planes))(*(plane.ctypes.data for plane in planes))


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(LIBRARY)
    library.tjInitDecompress.restype = library.tjInitCompress.restype = c_void_p
    library.tjDestroy.argtypes = [c_void_p]
    library.tjGetErrorStr2.argtypes = [c_void_p]
    library.tjGetErrorStr2.restype = c_char_p
    library.tjBufSize.argtypes = [c_int, c_int, c_int]
    library.tjBufSize.restype = c_ulong
    library.tjDecompressHeader3.argtypes = [c_void_p, c_char_p, c_ulong, *(POINTER(c_int),) * 4]
    library.tjDecompressToYUVPlanes.argtypes = [
        *(c_void_p, c_char_p, c_ulong, c_void_p),
        *(c_int, c_void_p, c_int, c_int),
    ]
    library.tjCompressFromYUVPlanes.argtypes = [
        *(c_void_p, c_void_p, c_int, c_void_p, c_int, c_int),
        *(POINTER(c_void_p), POINTER(c_ulong), c_int, c_int),
    ]
    return library


@cache
def _codec() -> _Codec:
    return _Codec()
