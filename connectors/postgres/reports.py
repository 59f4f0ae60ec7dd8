"""What people look at: counts, errors, throughput, one item's rows, and the server itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, class_row

from colecionador.domain.failures import Failure
from connectors.postgres.outages import unavailable
from connectors.postgres.pool import connect


@dataclass(frozen=True, slots=True)
class Job:
    """A row of `augmentation_jobs`."""

    id: int
    message_id: str
    item_id: int
    categoria: str
    bucket: str
    object_key: str
    status: str
    attempts: int
    bad_quality: bool | None
    blur: float | None
    brightness: float | None
    contrast: float | None
    source_md5: str | None
    source_etag: str | None
    source_width: int | None
    source_height: int | None
    source_bytes: int | None
    plan_version: str | None
    error_type: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Result:
    """A row of `augmentation_results`."""

    job_id: int
    variation: str
    status: str
    bucket: str | None
    object_key: str | None
    md5: str | None
    etag: str | None
    width: int | None
    height: int | None
    bytes: int | None
    error_type: str | None
    error: str | None
    duration_ms: float | None
    position: int
    transform_ms: float | None
    encode_ms: float | None
    upload_ms: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """A row of `augmentation_metrics`."""

    job_id: int
    queue_ms: float | None
    download_ms: float | None
    decode_ms: float | None
    transform_ms: float | None
    encode_ms: float | None
    upload_ms: float | None
    total_ms: float | None
    source_bytes: int | None
    output_bytes: int | None
    worker: str | None


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job with its results, in the plan's order, and its metrics where it is success."""

    job: Job
    results: tuple[Result, ...]
    metrics: Metrics | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Where all jobs stand."""

    processing: int
    success: int
    failed: int
    done_lately: int
    """Jobs that became success in the last minutes."""
    minutes: int
    last_errors: tuple[Job, ...]
    """The jobs whose attempts failed last, the latest first; some may be tried again."""

    @property
    def items_per_second(self) -> float:
        """The throughput of the last minutes."""
        return self.done_lately / (self.minutes * 60)


@dataclass(frozen=True, slots=True)
class ServerReport:
    """The server: its version, its clock, and how long connecting and one round trip took."""

    version: str
    connect_ms: float
    round_trip_ms: float
    clock_ahead_seconds: float
    """Its clock minus ours."""


Row = TypeVar("Row", Job, Result, Metrics)
Report = TypeVar("Report")

_COUNTS = """
SELECT count(*) FILTER (WHERE status = 'processing'), count(*) FILTER (WHERE status = 'success'),
       count(*) FILTER (WHERE status = 'failed')
FROM augmentation_jobs
"""
_DONE_LATELY = """
SELECT count(*) FROM augmentation_jobs
WHERE status = 'success' AND finished_at > now() - make_interval(mins => %s)
"""


def read_overview(
    database_url: str, *, minutes: int = 5, last_errors: int = 10
) -> Overview | Failure:
    """Counts by status, the throughput of the last `minutes`, and so many of the last errors."""

    def read(connection: psycopg.Connection[TupleRow]) -> Overview:
        processing, success, failed = connection.execute(_COUNTS).fetchall()[0]
        done = connection.execute(_DONE_LATELY, [minutes]).fetchall()[0][0]
        errors = _rows(
            connection,
            Job,
            "augmentation_jobs WHERE failed_at IS NOT NULL ORDER BY failed_at DESC, id LIMIT %s",
            last_errors,
        )
        return Overview(processing, success, failed, done, minutes, errors)

    return _read(database_url, read)


def read_item(database_url: str, item_id: int) -> tuple[JobReport, ...] | Failure:
    """Every job of an item with its rows, the latest last; none where the item is unknown."""

    def read(connection: psycopg.Connection[TupleRow]) -> tuple[JobReport, ...]:
        where = "WHERE job_id IN (SELECT id FROM augmentation_jobs WHERE item_id = %s)"
        # One snapshot, so that a redo between the statements cannot mix two versions of a job.
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            jobs = _rows(
                connection, Job, "augmentation_jobs WHERE item_id = %s ORDER BY id", item_id
            )
            results = _rows(
                connection, Result, f"augmentation_results {where} ORDER BY position", item_id
            )
            metrics = _rows(connection, Metrics, f"augmentation_metrics {where}", item_id)
        by_job = {each.job_id: each for each in metrics}
        return tuple(
            JobReport(
                job,
                tuple(each for each in results if each.job_id == job.id),
                by_job.get(job.id),
            )
            for job in jobs
        )

    return _read(database_url, read)


def read_server(database_url: str) -> ServerReport | Failure:
    """The server's version, and what reaching it costs."""
    started = time.perf_counter()

    def read(connection: psycopg.Connection[TupleRow]) -> ServerReport:
        connected = time.perf_counter()
        version = connection.execute("SHOW server_version").fetchall()[0][0]
        answered = time.perf_counter()
        now = connection.execute("SELECT clock_timestamp()").fetchall()[0][0]
        return ServerReport(
            version,
            (connected - started) * 1000,
            (answered - connected) * 1000,
            now.timestamp() - time.time(),
        )

    return _read(database_url, read)


def _read(
    database_url: str, read: Callable[[psycopg.Connection[TupleRow]], Report]
) -> Report | Failure:
    try:
        with connect(database_url) as connection:
            return read(connection)
    except psycopg.Error as error:
        return unavailable(error)


def _rows(
    connection: psycopg.Connection[TupleRow], row: type[Row], source: str, parameter: int
) -> tuple[Row, ...]:
    """Rows of a table as dataclasses whose fields are its columns."""
    columns = sql.SQL(", ").join([sql.Identifier(each.name) for each in fields(row)])
    query = sql.SQL("SELECT {} FROM {}").format(columns, sql.SQL(source))
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return tuple(cursor.execute(query, [parameter]).fetchall())
