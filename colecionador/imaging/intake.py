"""A source on its way in: accepted by its header, then decoded once and judged."""

from __future__ import annotations

import time

from colecionador.domain.failures import Failure
from colecionador.domain.records import record
from colecionador.domain.results import Quality
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import (
    AnyImage,
    Header,
    ImageFormat,
    check_limits,
    decode,
    read_header,
)
from colecionador.imaging.quality import judge


@record
class Judgement:
    """What is known of a decoded source, without its pixels."""

    format: ImageFormat
    width: int
    height: int
    quality: Quality
    decode_seconds: float
    quality_seconds: float


def accept(data: bytes, max_pixels: int) -> Header | Failure:
    """The header of a file that may be decoded, or why it may not; decodes no pixel."""
    header = read_header(data)
    if isinstance(header, Failure):
        return header
    return check_limits(header, max_pixels) or header


def decode_and_judge(
    data: bytes, header: Header, thresholds: Thresholds
) -> tuple[AnyImage, Judgement] | Failure:
    """The pixels of a file and what is known of them."""
    started = time.perf_counter()
    image = decode(data, header)
    if isinstance(image, Failure):
        return image
    decoded = time.perf_counter()
    quality = judge(image, thresholds)
    judged = time.perf_counter()
    return image, Judgement(
        format=image.format,
        width=image.width,
        height=image.height,
        quality=quality,
        decode_seconds=decoded - started,
        quality_seconds=judged - decoded,
    )
