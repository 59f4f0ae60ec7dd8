"""Committing: a batch's jobs, results and metrics in one statement, which is one transaction.

All rows travel as one JSON text, because of what was measured on PostgreSQL 18, on loopback with
fsync on and two cores; a network makes round trips dearer. An item has nine variations:

| way                                        | round trips | commit        | client CPU       |
|--------------------------------------------|-------------|---------------|------------------|
|                                            |             | 1 item, 10    | 1 item, 10       |
| one statement                              | 1           | 0.6 ms, 1.9   | 0.14 ms, 0.37    |
| jobs, results, metrics and COMMIT, pipeline| 2           | 0.9 ms, 2.2   | 0.38 ms, 0.70    |

Earlier, on a slower machine, the second way was measured beside these, ten items a commit: jobs
and metrics as arrays (`unnest`) took the client 1.6 times its CPU, results as arrays too 2.7
times; COPY took 9 round trips; a VALUES list and `executemany` were slower than any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import psycopg
from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow

from colecionador.domain.ports import AlreadyDone, Committed
from colecionador.domain.results import (
    CompletedItem,
    SkippedVariation,
    StoredCompletion,
    StoredVariation,
    VariationResult,
)
from connectors.postgres.completions import load_completions
from connectors.postgres.message_columns import message_columns
from connectors.postgres.rows_as_json import Row, as_json
from connectors.postgres.text import storable

# One statement, which PostgreSQL runs as one transaction by itself. An insert where no row is: the
# job may have been deleted under the work, and the work must not be lost for that. What says
# `success` is left alone, with what belongs to it.
_COMMIT = """
WITH new AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s::json) AS new (
        message_id text, item_id bigint, categoria text, bucket text, object_key text,
        attempts integer, bad_quality boolean, blur float8, brightness float8, contrast float8,
        source_md5 text, source_etag text, source_width integer, source_height integer,
        source_bytes bigint, plan_version text, started_at timestamptz, finished_at timestamptz,
        variations json, queue_ms float8, download_ms float8, decode_ms float8,
        transform_ms float8, encode_ms float8, upload_ms float8, total_ms float8,
        output_bytes bigint, worker text
    )
), committed AS (
    INSERT INTO augmentation_jobs AS job (
        message_id, item_id, categoria, bucket, object_key, attempts, bad_quality, blur,
        brightness, contrast, source_md5, source_etag, source_width, source_height, source_bytes,
        plan_version, started_at, finished_at, status
    )
    SELECT message_id, item_id, categoria, bucket, object_key, attempts, bad_quality, blur,
        brightness, contrast, source_md5, source_etag, source_width, source_height, source_bytes,
        plan_version, started_at, finished_at, 'success'
    FROM new
    ON CONFLICT (message_id) DO UPDATE SET
        item_id = excluded.item_id, categoria = excluded.categoria, bucket = excluded.bucket,
        object_key = excluded.object_key, attempts = excluded.attempts,
        bad_quality = excluded.bad_quality, blur = excluded.blur,
        brightness = excluded.brightness, contrast = excluded.contrast,
        source_md5 = excluded.source_md5, source_etag = excluded.source_etag,
        source_width = excluded.source_width, source_height = excluded.source_height,
        source_bytes = excluded.source_bytes, plan_version = excluded.plan_version,
        finished_at = excluded.finished_at,
        started_at = CASE job.status
            WHEN 'processing' THEN job.started_at ELSE excluded.started_at
        END,
        status = excluded.status, error_type = NULL, error = NULL, failed_at = NULL
    WHERE job.status <> 'success'
    RETURNING message_id, id
), results AS (
    INSERT INTO augmentation_results (
        job_id, position, variation, status, bucket, object_key, md5, etag, width, height, bytes,
        error_type, error, duration_ms, transform_ms, encode_ms, upload_ms
    )
    SELECT committed.id, made.*
    FROM new JOIN committed USING (message_id), json_to_recordset(new.variations) AS made (
        position smallint, variation text, status text, bucket text, object_key text, md5 text,
        etag text, width integer, height integer, bytes bigint, error_type text, error text,
        duration_ms float8, transform_ms float8, encode_ms float8, upload_ms float8
    )
), metrics AS (
    INSERT INTO augmentation_metrics (
        job_id, queue_ms, download_ms, decode_ms, transform_ms, encode_ms, upload_ms, total_ms,
        source_bytes, output_bytes, worker
    )
    SELECT committed.id, queue_ms, download_ms, decode_ms, transform_ms, encode_ms, upload_ms,
        total_ms, source_bytes, output_bytes, worker
    FROM new JOIN committed USING (message_id)
)
SELECT message_id, id FROM committed
"""

# A success of something else, and a job that somebody has set back by hand, begin anew.
_REOPEN = """
UPDATE augmentation_jobs AS job SET status = 'processing', started_at = new.started_at
FROM json_to_recordset(%s::json) AS new (
    message_id text, item_id bigint, categoria text, bucket text, object_key text,
    source_etag text, plan_version text, started_at timestamptz
)
WHERE job.message_id = new.message_id AND (
    job.status <> 'success'
    OR (job.item_id, job.categoria, job.bucket, job.object_key, job.source_etag, job.plan_version)
       IS DISTINCT FROM (
           new.item_id, new.categoria, new.bucket, new.object_key, new.source_etag,
           new.plan_version
       )
)
RETURNING id
"""

# A statement of its own, which sees what whoever held those rows until now has written.
_CLEAR = """
WITH results AS (DELETE FROM augmentation_results WHERE job_id = ANY (%(jobs)s))
DELETE FROM augmentation_metrics WHERE job_id = ANY (%(jobs)s)
"""


def commit_items(
    connection: psycopg.Connection[TupleRow], items: Sequence[CompletedItem]
) -> list[Committed | AlreadyDone]:
    """Commit items of distinct messages, answered in order; each item's rows all or none.

    One transaction, but for items whose jobs have rows of a former success: those have another.
    """
    rows = {item.item.message_id: _row(item) for item in items}
    try:
        ids = _commit(connection, list(rows.values()))
    except UniqueViolation:
        ids = {}
    left = {message_id: row for message_id, row in rows.items() if message_id not in ids}
    completions: dict[str, StoredCompletion] = {}
    if left:
        with connection.transaction():
            redone = _commit_anew(connection, list(left.values()))
            done = [message_id for message_id in left if message_id not in redone]
            completions = load_completions(connection, done)
        ids |= redone
    return [
        Committed(ids[message_id]) if message_id in ids else AlreadyDone(completions[message_id])
        for message_id in rows
    ]


def _commit(connection: psycopg.Connection[TupleRow], rows: Sequence[Row]) -> dict[str, int]:
    """The ids of the jobs that are success now and were not before, by message id."""
    return dict(connection.execute(_COMMIT, [as_json(rows)]).fetchall())


def _commit_anew(connection: psycopg.Connection[TupleRow], rows: Sequence[Row]) -> dict[str, int]:
    """The same, of jobs that are no success of this very work; without what they had before."""
    reopened = connection.execute(_REOPEN, [as_json(rows)]).fetchall()
    connection.execute(_CLEAR, {"jobs": [job_id for (job_id,) in reopened]})
    return _commit(connection, rows)


def _row(completed: CompletedItem) -> Row:
    """An item's job and metrics in one, and the rows of its variations in it."""
    quality, source, timings = completed.quality, completed.source, completed.timings
    stored = [each for each in completed.variations if isinstance(each, StoredVariation)]
    return {
        **message_columns(completed.item),
        "bad_quality": quality.bad,
        "blur": quality.blur,
        "brightness": quality.brightness,
        "contrast": quality.contrast,
        "source_md5": source.md5,
        "source_etag": source.etag,
        "source_width": source.width,
        "source_height": source.height,
        "source_bytes": source.bytes,
        "plan_version": completed.plan_version,
        "started_at": completed.completed_at - timedelta(milliseconds=timings.total_ms),
        "finished_at": completed.completed_at,
        "variations": [
            {"position": position, **_result(variation)}
            for position, variation in enumerate(completed.variations)
        ],
        "queue_ms": timings.queue_ms,
        "download_ms": timings.download_ms,
        "decode_ms": timings.decode_ms,
        "transform_ms": timings.transform_ms,
        "encode_ms": timings.encode_ms,
        "upload_ms": timings.upload_ms,
        "total_ms": timings.total_ms,
        "output_bytes": sum(each.bytes for each in stored),
        "worker": completed.worker,
    }


def _result(variation: VariationResult) -> Row:
    """The columns of a result that are not null."""
    if isinstance(variation, SkippedVariation):
        return {
            "variation": variation.name,
            "status": "skipped",
            "error_type": variation.error_type.value,
            "error": storable(variation.error),
            "duration_ms": variation.duration_ms,
        }
    return {
        "variation": variation.name,
        "status": "stored",
        "bucket": variation.bucket,
        "object_key": variation.object_key,
        "md5": variation.md5,
        "etag": variation.etag,
        "width": variation.width,
        "height": variation.height,
        "bytes": variation.bytes,
        "duration_ms": variation.duration_ms,
        "transform_ms": variation.transform_ms,
        "encode_ms": variation.encode_ms,
        "upload_ms": variation.upload_ms,
    }
