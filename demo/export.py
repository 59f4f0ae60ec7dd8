"""Copies of what the run made, since its private servers go away with it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from colecionador.domain.failures import Failure
from colecionador.domain.settings import Settings
from connectors.postgres.pool import connect
from connectors.postgres.reports import JobReport
from connectors.rabbitmq.blocking import blocking_connection
from connectors.s3 import S3Store
from connectors.telemetry.fan_out import FanOut
from demo.errors import DemoError

FOLDER = Path("demo-output")
TABLES = ("augmentation_jobs", "augmentation_results", "augmentation_metrics")


def empty_folder() -> Path:
    """The folder of this run, without what an earlier run left in it."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    return FOLDER


def export_objects(settings: Settings, reports: Sequence[JobReport]) -> int:
    """Write every source and variation to `FOLDER/bucket/key`, and return how many there are.

    Raises `DemoError` for an object that a row names and the store does not have.
    """
    store = S3Store(settings, FanOut(()))

    def export(place: tuple[str, str]) -> None:
        bucket, object_key = place
        found = store.download(bucket, object_key, sys.maxsize)
        if isinstance(found, Failure):
            raise DemoError(found.error)
        target = FOLDER / bucket / object_key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(found.data)

    places = sorted(set(_places(reports)))
    with ThreadPoolExecutor(settings.s3_pool) as pool:
        list(pool.map(export, places))
    return len(places)


def export_rows(settings: Settings) -> None:
    """Write each table to a CSV file of its name."""
    with connect(settings.database_url.get_secret_value()) as connection:
        for name in TABLES:
            statement = f"COPY {name} TO STDOUT (FORMAT csv, HEADER)".encode()
            with (
                connection.cursor().copy(statement) as rows,
                (FOLDER / f"{name}.csv").open("wb") as target,
            ):
                for chunk in rows:
                    target.write(chunk)


def export_completions(settings: Settings) -> int:
    """Write each message of the completed queue as a line, and return how many there are.

    They stay in the queue: closing the connection gives them back.
    """
    queue = settings.completed_queue
    with blocking_connection(settings, "demo") as connection:
        channel = connection.channel()
        count = channel.queue_declare(queue, passive=True).method.message_count
        bodies = [channel.basic_get(queue)[2] for _ in range(count)]
    lines = [body + b"\n" for body in bodies if body is not None]
    (FOLDER / f"{queue}.jsonl").write_bytes(b"".join(lines))
    return len(lines)


def _places(reports: Sequence[JobReport]) -> Iterator[tuple[str, str]]:
    for report in reports:
        yield report.job.bucket, report.job.object_key
        for result in report.results:
            if result.bucket is not None and result.object_key is not None:
                yield result.bucket, result.object_key
