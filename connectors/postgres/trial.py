"""Does the database take writes? Rows that are no message's, written and taken back.

A server whose disk is full connects, and answers every question; so the answer is to be had only by
writing as much as a batch does. What is written is random to compression, or it would need no room.
"""

from __future__ import annotations

from uuid import uuid4

import psycopg
from psycopg.rows import TupleRow

_JOB = """
INSERT INTO augmentation_jobs (
    message_id, item_id, categoria, bucket, object_key, attempts, status, error
)
SELECT %s, 1, 'trial', '', '', 1, 'processing', string_agg(md5(number::text), '')
FROM generate_series(1, 2048) AS number
RETURNING id
"""
_RESULT = """
INSERT INTO augmentation_results (job_id, variation, status, error_type, error)
VALUES (%s, 'trial', 'skipped', 'trial', '')
"""
_METRICS = """
INSERT INTO augmentation_metrics (
    job_id, queue_ms, download_ms, decode_ms, transform_ms, encode_ms, upload_ms, total_ms,
    source_bytes, output_bytes, worker
)
VALUES (%s, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'trial')
"""


def try_rows(connection: psycopg.Connection[TupleRow]) -> None:
    """Write a job of 64 KiB with its result and metrics, and roll all of it back."""
    with connection.transaction(force_rollback=True):
        row = connection.execute(_JOB, [f"augment-trial-{uuid4()}"]).fetchone()
        connection.execute(_RESULT, row)
        connection.execute(_METRICS, row)
