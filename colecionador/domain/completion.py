"""What goes out: the message that tells model training of a completed item."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

import orjson

from colecionador.domain.messages import Item
from colecionador.domain.results import (
    CompletedItem,
    SkippedVariation,
    StoredCompletion,
    StoredVariation,
)

_COMPLETION_NAMESPACE = UUID("0a5cf0a9-3f52-4a3b-9d0e-0f3a3f9f2b57")


def stored_completion(completed: CompletedItem, job_id: int) -> StoredCompletion:
    """The completion of a job that was just committed, as the ledger would give it back."""
    item = completed.item
    return StoredCompletion(
        job_id=job_id,
        item_id=item.item_id,
        categoria=item.categoria,
        bucket=item.bucket,
        object_key=item.object_key,
        source=completed.source,
        quality=completed.quality,
        plan_version=completed.plan_version,
        variations=completed.variations,
        attempts=item.attempt,
        completed_at=completed.completed_at,
    )


def is_completion_of(
    completion: StoredCompletion, item: Item, plan_version: str, source_etag: str | None = None
) -> bool:
    """Whether a stored completion is of the same work: item, categoria, bucket, key and plan.

    The message is the same already. Without `source_etag` the source is not looked at.
    """
    same = (completion.item_id, completion.categoria, completion.bucket, completion.object_key) == (
        item.item_id,
        item.categoria,
        item.bucket,
        item.object_key,
    )
    same_source = source_etag is None or completion.source.etag == source_etag
    return same and same_source and completion.plan_version == plan_version


def completion_message_id(inbound_message_id: str, completion: StoredCompletion) -> str:
    """The outgoing id: the same for every re-publish, another for a changed source or plan."""
    name = "\x00".join(
        (
            inbound_message_id,
            str(completion.item_id),
            completion.source.md5,
            completion.plan_version,
        )
    )
    return str(uuid5(_COMPLETION_NAMESPACE, name))


def completion_body(completion: StoredCompletion) -> bytes:
    """The outgoing body: JSON in UTF-8, in the contract's shape."""
    source = completion.source
    quality = completion.quality
    return orjson.dumps(
        {
            "jobId": completion.job_id,
            "itemId": completion.item_id,
            "categoria": completion.categoria,
            "planVersion": completion.plan_version,
            "badQuality": quality.bad,
            "quality": {
                "blur": quality.blur,
                "brightness": quality.brightness,
                "contrast": quality.contrast,
            },
            "source": {
                "bucket": completion.bucket,
                "objectKey": completion.object_key,
                "md5": source.md5,
                "width": source.width,
                "height": source.height,
                "bytes": source.bytes,
            },
            "variations": [
                _stored(variation)
                for variation in completion.variations
                if isinstance(variation, StoredVariation)
            ],
            "skipped": [
                {"name": variation.name, "errorType": variation.error_type}
                for variation in completion.variations
                if isinstance(variation, SkippedVariation)
            ],
            "attempts": completion.attempts,
            "completedAt": _timestamp(completion.completed_at),
        }
    )


def _stored(variation: StoredVariation) -> dict[str, str | int]:
    return {
        "name": variation.name,
        "bucket": variation.bucket,
        "objectKey": variation.object_key,
        "md5": variation.md5,
        "etag": variation.etag,
        "width": variation.width,
        "height": variation.height,
        "bytes": variation.bytes,
    }


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
