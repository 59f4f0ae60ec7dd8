"""Committing: a batch's jobs, results and metrics, in one transaction of two round trips.

All rows travel as JSON text in pipeline mode, because of what was measured, on loopback with
fsync on and two cores; a network makes round trips dearer. First ten items with nine variations,
on PostgreSQL 18: a commit, and the client's CPU time for it and its registration.

| way                                   | round trips | commit | client CPU |
|---------------------------------------|-------------|--------|------------|
| results as JSON, all in the pipeline  | 2           | 3.1 ms | 1.5 ms     |
| the same, BEGIN and COMMIT by itself  | 4           | 4.2 ms | 1.7 ms     |
| COPY                                  | 9           | 4.4 ms | 1.8 ms     |
| COPY for results alone                | 6           | 5.6 ms | 1.9 ms     |
| arrays (`unnest`), pipeline           | 4           | 5.3 ms | 2.6 ms     |
| arrays, no pipeline                   | 7           | 6.0 ms | 2.6 ms     |

One INSERT with a VALUES list, and `executemany`, were slower than any of these. In the first way
jobs and metrics were arrays still, a parameter for each of their 29 columns. As JSON too, and in
four statements instead of seven, a commit takes the client half the CPU of that (one item 0.7
instead of 1.6 ms, ten 1.9 instead of 3.1 ms), and the server a quarter less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import psycopg
from psycopg.rows import TupleRow

from colecionador.domain.ports import AlreadyDone, Committed
from colecionador.domain.results import (
    CompletedItem,
    SkippedVariation,
    StoredVariation,
    VariationResult,
)
from connectors.postgres.completions import load_completions
from connectors.postgres.message_columns import message_columns
from connectors.postgres.rows_as_json import Row, as_json
from connectors.postgres.text import storable

# Only a row that is not yet success of this very work changes. An insert where no row is: the job
# may have been deleted under the work, and the work must not be lost for that.
_JOBS = """
INSERT INTO augmentation_jobs AS job (
    message_id, item_id, categoria, bucket, object_key, attempts, bad_quality, blur, brightness,
    contrast, source_md5, source_etag, source_width, source_height, source_bytes, plan_version,
    started_at, finished_at, status
)
SELECT *, 'success' FROM json_to_recordset(%s::json) AS new (
    message_id text, item_id bigint, categoria text, bucket text, object_key text,
    attempts integer, bad_quality boolean, blur float8, brightness float8, contrast float8,
    source_md5 text, source_etag text, source_width integer, source_height integer,
    source_bytes bigint, plan_version text, started_at timestamptz, finished_at timestamptz
)
ON CONFLICT (message_id) DO UPDATE SET
    item_id = excluded.item_id, categoria = excluded.categoria, bucket = excluded.bucket,
    object_key = excluded.object_key, attempts = excluded.attempts,
    bad_quality = excluded.bad_quality, blur = excluded.blur, brightness = excluded.brightness,
    contrast = excluded.contrast, source_md5 = excluded.source_md5,
    source_etag = excluded.source_etag, source_width = excluded.source_width,
    source_height = excluded.source_height, source_bytes = excluded.source_bytes,
    plan_version = excluded.plan_version, finished_at = excluded.finished_at,
    started_at = CASE job.status WHEN 'processing' THEN job.started_at ELSE excluded.started_at END,
    status = excluded.status, error_type = NULL, error = NULL, failed_at = NULL
WHERE job.status <> 'success'
   OR (job.item_id, job.categoria, job.bucket, job.object_key, job.source_etag, job.plan_version)
      IS DISTINCT FROM (
          excluded.item_id, excluded.categoria, excluded.bucket, excluded.object_key,
          excluded.source_etag, excluded.plan_version
      )
RETURNING message_id, id
"""

# Rows of a former success of something else; a redo may have other variations.
_CLEAR = """
WITH results AS (DELETE FROM augmentation_results WHERE job_id = ANY (%(jobs)s))
DELETE FROM augmentation_metrics WHERE job_id = ANY (%(jobs)s)
"""

_WRITE = """
WITH results AS (
    INSERT INTO augmentation_results (
        job_id, position, variation, status, bucket, object_key, md5, etag, width, height, bytes,
        error_type, error, duration_ms, transform_ms, encode_ms, upload_ms
    )
    SELECT * FROM json_to_recordset(%s::json) AS new (
        job_id bigint, position smallint, variation text, status text, bucket text,
        object_key text, md5 text, etag text, width integer, height integer, bytes bigint,
        error_type text, error text, duration_ms float8, transform_ms float8, encode_ms float8,
        upload_ms float8
    )
)
INSERT INTO augmentation_metrics (
    job_id, queue_ms, download_ms, decode_ms, transform_ms, encode_ms, upload_ms, total_ms,
    source_bytes, output_bytes, worker
)
SELECT * FROM json_to_recordset(%s::json) AS new (
    job_id bigint, queue_ms float8, download_ms float8, decode_ms float8, transform_ms float8,
    encode_ms float8, upload_ms float8, total_ms float8, source_bytes bigint,
    output_bytes bigint, worker text
)
"""


def commit_items(
    connection: psycopg.Connection[TupleRow], items: Sequence[CompletedItem]
) -> list[Committed | AlreadyDone]:
    """Commit items of distinct messages in one transaction, answered in order.

    Two round trips: the jobs, whose ids the rest needs, and the rest with its COMMIT.
    """
    with _transaction_in_two_round_trips(connection):
        jobs = connection.execute(_JOBS, [as_json([_job(item) for item in items])])
        ids: dict[str, int] = dict(jobs.fetchall())
        written = [item for item in items if item.item.message_id in ids]
        done = [item.item.message_id for item in items if item.item.message_id not in ids]
        completions = load_completions(connection, done)
        if written:
            _write_rows(connection, ids, written)
    return [
        Committed(ids[message_id]) if message_id in ids else AlreadyDone(completions[message_id])
        for message_id in (item.item.message_id for item in items)
    ]


@contextmanager
def _transaction_in_two_round_trips(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """A transaction whose BEGIN and COMMIT ride along with what is between them.

    `Connection.transaction` waits for each of the two. Once a statement of a pipeline has failed,
    the server skips the rest, the COMMIT included.
    """
    try:
        with connection.pipeline():
            connection.execute("BEGIN")
            yield
            connection.execute("COMMIT")
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise


def _write_rows(
    connection: psycopg.Connection[TupleRow], ids: dict[str, int], items: Sequence[CompletedItem]
) -> None:
    connection.execute(_CLEAR, {"jobs": list(ids.values())})
    results = [
        {"job_id": ids[item.item.message_id], "position": position, **_result(variation)}
        for item in items
        for position, variation in enumerate(item.variations)
    ]
    metrics = [{"job_id": ids[item.item.message_id], **_metrics(item)} for item in items]
    connection.execute(_WRITE, [as_json(results), as_json(metrics)])


def _job(completed: CompletedItem) -> Row:
    quality, source = completed.quality, completed.source
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
        "started_at": completed.completed_at - timedelta(milliseconds=completed.timings.total_ms),
        "finished_at": completed.completed_at,
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


def _metrics(completed: CompletedItem) -> Row:
    timings = completed.timings
    stored = [each for each in completed.variations if isinstance(each, StoredVariation)]
    return {
        "queue_ms": timings.queue_ms,
        "download_ms": timings.download_ms,
        "decode_ms": timings.decode_ms,
        "transform_ms": timings.transform_ms,
        "encode_ms": timings.encode_ms,
        "upload_ms": timings.upload_ms,
        "total_ms": timings.total_ms,
        "source_bytes": completed.source.bytes,
        "output_bytes": sum(each.bytes for each in stored),
        "worker": completed.worker,
    }
