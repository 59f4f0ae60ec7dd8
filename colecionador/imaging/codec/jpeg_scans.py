"""The scans of a JPEG that has several: are they all there, and are they not too many?

A progressive picture that ends between two scans decodes without a complaint, only coarser than it
was; one whose colours come in scans of their own loses its colours. Both are damage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec.jpeg_segments import EOI, SOS, STANDALONE, Frame

MAX_SCANS = 500
"""Real files have about ten; each further one costs a pass over the whole picture for a few
bytes, which is how a small file keeps a decoder busy for hours."""

_COEFFICIENTS = 64
_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)


def scans_problem(data: bytes, frame: Frame, scan_offset: int) -> Failure | None:
    """`corrupt_image` where scans are missing, `invalid_format` where they are too many."""
    precision: dict[int, dict[int, int]] = {}
    scans = 0
    for header in _scan_headers(data, scan_offset):
        scans += 1
        if scans > MAX_SCANS:
            return Failure(
                ErrorType.INVALID_FORMAT,
                f"image: JPEG of more than {MAX_SCANS} scans; export it anew",
            )
        components, first, last, dropped_bits = header
        for component in components:
            known = precision.setdefault(component, {})
            known.update(dict.fromkeys(range(first, last + 1), dropped_bits))
    complete = len(precision) == len(frame.samplings) and all(
        len(known) == _COEFFICIENTS and not any(known.values()) for known in precision.values()
    )
    if complete:
        return None
    return Failure(
        ErrorType.CORRUPT_IMAGE,
        f"image: JPEG that ends after {scans} scans, before it is complete; send the whole file",
    )


def _scan_headers(data: bytes, position: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Of each scan: its components, its first and last coefficient, and the bits it leaves out."""
    while (found := _MARKER.search(data, position)) is not None:
        marker, position = found.group(1)[0], found.end()
        if marker == EOI:
            return
        if marker in STANDALONE:
            continue
        length = int.from_bytes(data[position : position + 2], "big")
        body = data[position + 2 : position + length]
        position += length
        if marker == SOS and body and len(body) >= 4 + 2 * body[0]:
            count = body[0]
            first, last, approximation = body[1 + 2 * count : 4 + 2 * count]
            if last < _COEFFICIENTS:
                yield body[1 : 1 + 2 * count : 2], first, last, approximation & 15
