"""Any file as a photograph: it is refused with a type, or decodes to what its header promised."""

from __future__ import annotations

import zlib

import numpy as np

from colecionador.domain.failures import Failure, Kind
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import decode
from colecionador.imaging.intake import accept
from colecionador.imaging.quality import judge

MAX_PIXELS = 250_000
"""Small, so that a run is not spent on decoding large images."""

JUDGED_ONE_IN = 8
"""Judging costs ten times what decoding does, and is pure arithmetic on any pixels."""


def check_image(data: bytes) -> None:
    """Accept a file, decode it, and now and then judge it, as `fetch` does."""
    header = accept(data, MAX_PIXELS)
    if isinstance(header, Failure):
        _check_refusal(header)
        return
    assert 1 <= header.width * header.height <= MAX_PIXELS
    image = decode(data, header)
    if isinstance(image, Failure):
        _check_refusal(image)
        return
    assert (image.width, image.height) == (header.width, header.height)
    assert image.format is header.format
    assert image.pixels.dtype == np.uint8
    assert image.pixels.nbytes == header.width * header.height * header.channels
    if zlib.crc32(data) % JUDGED_ONE_IN == 0:
        quality = judge(image, Thresholds())
        assert np.isfinite((quality.blur, quality.brightness, quality.contrast)).all()


def _check_refusal(failure: Failure) -> None:
    # Only a refusal for good: a transient one would be tried again for nothing.
    assert failure.kind is Kind.PERMANENT, failure
    failure.error.encode()
