"""The rows of the plain consumer: a job, its results and its metrics, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.plain_images import Encoded

_JOB = """
INSERT INTO augmentation_jobs (
    message_id, item_id, categoria, object_key, bucket, status, attempts, bad_quality, blur,
    brightness, contrast, source_md5, source_etag, source_width, source_height, source_bytes,
    plan_version, started_at, finished_at
) VALUES (
    %(messageId)s, %(itemId)s, %(categoria)s, %(objectKey)s, %(bucket)s, 'success', 1, false,
    %(blur)s, %(brightness)s, %(contrast)s, %(md5)s, %(etag)s, %(width)s, %(height)s, %(bytes)s,
    'plain', now(), now()
)
ON CONFLICT (message_id) DO UPDATE SET status = 'success', finished_at = now()
RETURNING id
"""
_RESULT = """
INSERT INTO augmentation_results
    (job_id, variation, status, bucket, object_key, md5, etag, width, height, bytes)
VALUES (%s, %s, 'stored', %s, %s, %s, %s, %s, %s, %s)
"""
_METRICS = """
INSERT INTO augmentation_metrics (job_id, total_ms, source_bytes, output_bytes, worker)
VALUES (%s, %s, %s, %s, 'plain')
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A variation in the bucket."""

    name: str
    bucket: str
    object_key: str
    etag: str
    encoded: Encoded

    def fields(self) -> dict[str, str | int]:
        """As the completion has it."""
        return {
            "name": self.name,
            "bucket": self.bucket,
            "objectKey": self.object_key,
            "md5": self.encoded.md5,
            "etag": self.etag,
            "width": self.encoded.width,
            "height": self.encoded.height,
            "bytes": len(self.encoded.data),
        }


def commit(
    session: psycopg.Connection,
    facts: Mapping[str, Any],
    stored: Sequence[Stored],
    total_ms: float,
) -> int:
    """Write an item's eleven rows, and return its job's id."""
    with session.transaction(), session.cursor() as cursor:
        row = cursor.execute(_JOB, facts).fetchone()
        if row is None:
            raise LookupError("the job was not written")
        job_id = int(row[0])
        cursor.executemany(_RESULT, [(job_id, *each.fields().values()) for each in stored])
        output = sum(len(each.encoded.data) for each in stored)
        cursor.execute(_METRICS, (job_id, total_ms, facts["bytes"], output))
    return job_id
