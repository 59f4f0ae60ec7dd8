"""The second JPEG decoder: for whole pictures that TurboJPEG does not take, such as 4:1:0.

OpenCV decodes them through plain libjpeg, but returns a damaged stream as a picture with a grey
end, and libjpeg's complaint goes to the standard error of the process. So a child process decodes
first, small and for its complaints alone. It costs a tenth of a second, for rare files only.
"""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec.image import Pixels, as_pixels

_CHILD = """
import sys, cv2, numpy
cv2.setNumThreads(1)
data = numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8)
cv2.imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_8)
"""
_CHILD_SECONDS = 120
_END = b"\xff\xd9"
_DAMAGE = ("Corrupt JPEG data", "Premature end", "Unsupported marker", "Bogus")


def decode_unusual(data: bytes, channels: int) -> Pixels | Failure:
    """The picture as it is stored, grey or BGR. `data` has no metadata left."""
    complaint = _complaint(data) if _END in data else "no end marker"
    if complaint is not None:
        return Failure(
            ErrorType.CORRUPT_IMAGE, f"image: JPEG does not decode: {complaint}; send it anew"
        )
    mode = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_BGR
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), mode | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        return Failure(
            ErrorType.INVALID_FORMAT, "image: JPEG that no decoder takes; export it anew"
        )
    return as_pixels(pixels)


def _complaint(data: bytes) -> str | None:
    """What libjpeg says against the stream, or None where it finds nothing."""
    try:
        child = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=data,
            capture_output=True,
            timeout=_CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not done within {_CHILD_SECONDS} s"
    if child.returncode < 0:
        return f"the decoder was ended by signal {-child.returncode}"
    lines = child.stderr.decode(errors="replace").splitlines()
    return next((line for line in lines if line.startswith(_DAMAGE)), None)
