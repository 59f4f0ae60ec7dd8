"""Reading back what is done: the completions of jobs that say `success`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from itertools import groupby
from operator import attrgetter
from typing import Any

import psycopg
from psycopg.errors import SerializationFailure
from psycopg.rows import TupleRow, namedtuple_row

from colecionador.domain.failures import ErrorType
from colecionador.domain.results import (
    Quality,
    SkippedVariation,
    Source,
    StoredCompletion,
    StoredVariation,
    VariationResult,
)

# One statement, so that a redo committed meanwhile cannot mix two versions of a job.
_SELECT = """
SELECT job.id AS job_id, job.message_id, job.item_id, job.categoria, job.bucket, job.object_key,
       job.attempts, job.bad_quality, job.blur, job.brightness, job.contrast, job.source_md5,
       job.source_etag, job.source_width, job.source_height, job.source_bytes, job.plan_version,
       job.finished_at, result.variation, result.status, result.bucket AS result_bucket,
       result.object_key AS result_key, result.md5, result.etag, result.width, result.height,
       result.bytes, result.error_type, result.error, result.duration_ms, result.transform_ms,
       result.encode_ms, result.upload_ms
FROM augmentation_jobs AS job LEFT JOIN augmentation_results AS result ON result.job_id = job.id
WHERE job.message_id = ANY (%s) AND job.status = 'success'
ORDER BY job.message_id, result.position, result.variation
"""


def load_completions(
    connection: psycopg.Connection[TupleRow], message_ids: Sequence[str]
) -> dict[str, StoredCompletion]:
    """The completions of these messages, by message id; each was just seen to say `success`.

    Raises `SerializationFailure` where a job has vanished meanwhile: the write is to be repeated.
    """
    if not message_ids:
        return {}
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows = cursor.execute(_SELECT, [list(message_ids)]).fetchall()
    found = {
        message_id: _completion(list(group))
        for message_id, group in groupby(rows, key=attrgetter("message_id"))
    }
    if len(found) < len(message_ids):
        raise SerializationFailure("a job that was success vanished between two statements")
    return found


def _completion(rows: list[Any]) -> StoredCompletion:
    job = rows[0]
    return StoredCompletion(
        job_id=job.job_id,
        item_id=job.item_id,
        categoria=job.categoria,
        bucket=job.bucket,
        object_key=job.object_key,
        source=Source(
            md5=job.source_md5,
            etag=job.source_etag,
            width=job.source_width,
            height=job.source_height,
            bytes=job.source_bytes,
        ),
        quality=Quality(
            blur=job.blur, brightness=job.brightness, contrast=job.contrast, bad=job.bad_quality
        ),
        plan_version=job.plan_version,
        variations=tuple(_variation(row) for row in rows if row.variation is not None),
        attempts=job.attempts,
        completed_at=job.finished_at.astimezone(UTC),
    )


def _variation(row: Any) -> VariationResult:
    if row.status == "skipped":
        return SkippedVariation(
            name=row.variation,
            error_type=ErrorType(row.error_type),
            error=row.error or "",
            duration_ms=row.duration_ms or 0.0,
        )
    return StoredVariation(
        name=row.variation,
        bucket=row.result_bucket,
        object_key=row.result_key,
        md5=row.md5,
        etag=row.etag,
        width=row.width,
        height=row.height,
        bytes=row.bytes,
        transform_ms=row.transform_ms or 0.0,
        encode_ms=row.encode_ms or 0.0,
        upload_ms=row.upload_ms or 0.0,
        duration_ms=row.duration_ms or 0.0,
    )
