"""Recording failed attempts: one statement for the batch."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg.rows import TupleRow

from colecionador.domain.completion import is_completion_of
from colecionador.domain.ports import AlreadyDone, Recorded
from colecionador.domain.results import FailedItem
from connectors.postgres.completions import load_completions
from connectors.postgres.text import storable

# A failure before its registration, or after somebody deleted the job, makes the row.
_UPSERT = """
INSERT INTO augmentation_jobs AS job (
    message_id, item_id, categoria, bucket, object_key, attempts, plan_version, source_md5,
    source_etag, source_width, source_height, source_bytes, error_type, error, status, failed_at,
    finished_at
)
SELECT message_id, item_id, categoria, bucket, object_key, attempts, plan_version, source_md5,
       source_etag, source_width, source_height, source_bytes, error_type, error,
       CASE WHEN last THEN 'failed' ELSE 'processing' END, now(), CASE WHEN last THEN now() END
FROM unnest(
    %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::text[],
    %s::text[], %s::text[], %s::integer[], %s::integer[], %s::bigint[], %s::text[], %s::text[],
    %s::boolean[]
) AS new (
    message_id, item_id, categoria, bucket, object_key, attempts, plan_version, source_md5,
    source_etag, source_width, source_height, source_bytes, error_type, error, last
)
ON CONFLICT (message_id) DO UPDATE SET
    item_id = excluded.item_id, categoria = excluded.categoria, bucket = excluded.bucket,
    object_key = excluded.object_key, attempts = excluded.attempts,
    plan_version = excluded.plan_version, source_md5 = excluded.source_md5,
    source_etag = excluded.source_etag, source_width = excluded.source_width,
    source_height = excluded.source_height, source_bytes = excluded.source_bytes,
    error_type = excluded.error_type, error = excluded.error, status = excluded.status,
    failed_at = excluded.failed_at, finished_at = excluded.finished_at
WHERE job.status <> 'success'
RETURNING message_id, id
"""


def record_failures(
    connection: psycopg.Connection[TupleRow], failed: Sequence[tuple[FailedItem, bool]]
) -> list[Recorded | AlreadyDone]:
    """Record failures of distinct messages, in order; the flag says which is its message's last.

    A job that says `success` is left alone: for the same work it makes the failure a duplicate.
    """
    columns = [list(column) for column in zip(*map(_row, failed), strict=True)]
    ids: dict[str, int] = dict(connection.execute(_UPSERT, columns).fetchall())
    messages = [failure.item.message_id for failure, _ in failed]
    done = [message_id for message_id in messages if message_id not in ids]
    completions = load_completions(connection, done)
    answers: list[Recorded | AlreadyDone] = []
    for failure, _ in failed:
        completion = completions.get(failure.item.message_id)
        etag = failure.source.etag if failure.source else None
        if completion is None:
            answers.append(Recorded(ids[failure.item.message_id]))
        elif is_completion_of(completion, failure.item, failure.plan_version, etag):
            answers.append(AlreadyDone(completion))
        else:
            answers.append(Recorded(completion.job_id))
    return answers


def _row(entry: tuple[FailedItem, bool]) -> tuple[str | int | bool | None, ...]:
    failed, last = entry
    item, source, failure = failed.item, failed.source, failed.failure
    return (
        item.message_id,
        item.item_id,
        item.categoria,
        item.bucket,
        item.object_key,
        item.attempt,
        failed.plan_version,
        source.md5 if source else None,
        source.etag if source else None,
        source.width if source else None,
        source.height if source else None,
        source.bytes if source else None,
        failure.error_type.value,
        storable(failure.error),
        last,
    )
