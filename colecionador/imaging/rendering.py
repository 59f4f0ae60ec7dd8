"""One variation from pixels to checked bytes: what a pool thread does for the render step."""

from __future__ import annotations

import hashlib
from time import perf_counter
from traceback import format_exception

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.plan import Variation
from colecionador.domain.records import record
from colecionador.imaging.codec import AnyImage, encode
from colecionador.imaging.integrity import check_encoded
from colecionador.imaging.variations import expected_size, make_variation, variation_seed


@record
class Rendered:
    """A variation that is encoded and has passed its check. Times are of the clock on the wall."""

    data: bytes
    width: int
    height: int
    md5: str
    """In hexadecimal, as an ETag has it."""
    transform_ms: float
    encode_ms: float
    validate_ms: float


def render(
    image: AnyImage, variation: Variation, *, item_id: int, plan_version: str, jpeg_quality: int
) -> Rendered | Failure:
    """Transform, encode and check one variation of an image.

    `transform_failed` where the operation raises, `invalid_format` where the result cannot be
    encoded or fails its check. Holds one variation's pixels at a time, and none when it returns.
    """
    width, height = expected_size(variation, image.width, image.height)
    started = perf_counter()
    seed = variation_seed(item_id, variation.name, plan_version)
    try:
        varied = make_variation(image, variation, seed)
    except Exception as error:  # noqa: BLE001 - an operation may raise anything; others go on
        trace = "".join(format_exception(error))
        return Failure(ErrorType.TRANSFORM_FAILED, f"{variation.name}: {error!r}", trace)
    transformed = perf_counter()
    data = encode(varied, image.format, jpeg_quality)
    if isinstance(data, Failure):
        return data
    encoded = perf_counter()
    problem = check_encoded(data, image.format, width, height)
    if problem is not None:
        return problem
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Rendered(
        data=data,
        width=width,
        height=height,
        md5=md5,
        transform_ms=1000 * (transformed - started),
        encode_ms=1000 * (encoded - transformed),
        validate_ms=1000 * (perf_counter() - encoded),
    )
