"""Items, completed and failed, for the tests of ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import DeliveryId, Item
from colecionador.domain.plan import BASE_VARIATIONS
from colecionador.domain.results import (
    CompletedItem,
    FailedItem,
    Quality,
    SkippedVariation,
    Source,
    StoredVariation,
    Timings,
)

PLAN = "9f2c41d0" * 8
WORKER = "host:4711:0"
COMPLETED_AT = datetime(2026, 11, 23, 12, 0, 0, 123456, UTC)


def an_item(message_id: str = "m-1", **changes: object) -> Item:
    """An item on its first attempt."""
    fields: dict[str, object] = {
        "delivery": DeliveryId("lane-0", 1, 1),
        "message_id": message_id,
        "attempt": 1,
        "redelivered": False,
        "queue_ms": 3.5,
        "delivered_at": 0.0,
        "item_id": 7,
        "categoria": "moedas",
        "bucket": "images",
        "object_key": "originals/7.jpg",
        **changes,
    }
    return Item(**fields)  # type: ignore[arg-type]  # the keywords are the fields'


def a_source(etag: str = "5f76ba0d") -> Source:
    """A photo of twelve megapixels."""
    return Source(md5=f"md5-of-{etag}", etag=etag, width=4000, height=3000, bytes=4_073_454)


def stored(name: str, size: int = 1000) -> StoredVariation:
    """A stored variation of `size` bytes."""
    return StoredVariation(
        name=name,
        bucket="training",
        object_key=f"moedas/7/5f76ba0da7c2-9f2c41d0/{name}.jpg",
        md5=f"md5-of-{name}",
        etag=f"etag-of-{name}",
        width=3000,
        height=4000,
        bytes=size,
        transform_ms=1.25,
        encode_ms=2.5,
        upload_ms=3.75,
        duration_ms=8.0,
    )


def skipped(name: str) -> SkippedVariation:
    """A variation that did not pass its check."""
    return SkippedVariation(name, ErrorType.INVALID_FORMAT, f"{name}: does not decode", 4.5)


def a_completed(
    item: Item | None = None,
    *,
    etag: str = "5f76ba0d",
    plan_version: str = PLAN,
    variations: Sequence[StoredVariation | SkippedVariation] | None = None,
    job_id: int = 0,
) -> CompletedItem:
    """An item with the nine stored, or with the variations given."""
    nine = [stored(name) for name in BASE_VARIATIONS]
    return CompletedItem(
        item=item or an_item(),
        job_id=job_id,
        source=a_source(etag),
        quality=Quality(blur=312.4, brightness=121.7, contrast=48.2, bad=False),
        plan_version=plan_version,
        variations=tuple(nine if variations is None else variations),
        timings=Timings(3.5, 10.0, 20.0, 30.0, 40.0, 50.0, 150.0),
        worker=WORKER,
        completed_at=COMPLETED_AT,
    )


def a_failed(
    item: Item | None = None,
    *,
    plan_version: str = PLAN,
    etag: str | None = None,
    error_type: ErrorType = ErrorType.SOURCE_MISSING,
    error: str = "images/originals/7.jpg: no such object",
) -> FailedItem:
    """An attempt that failed, with its source known where an ETag is given."""
    source = None if etag is None else a_source(etag)
    return FailedItem(item or an_item(), Failure(error_type, error), plan_version, source)
