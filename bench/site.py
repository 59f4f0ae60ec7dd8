"""A place of its own on the servers for each run: queues, a bucket and a database, all empty."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString
from uuid import uuid4

import psycopg
from pika import BasicProperties, DeliveryMode
from psycopg import sql

from bench.photographs import Kind
from bench.servers import Servers, source_key
from colecionador.domain.failures import Failure
from colecionador.domain.settings import PREFIX, Settings
from connectors.postgres.migrate import apply_migrations
from connectors.rabbitmq import declare_topology
from connectors.s3.buckets import create_missing_buckets

CATEGORIA = "bench"
"""One that no plan names, so that each photo gets the nine variations alone."""

SMALL_PIXELS = 2_000_000
"""What is made of images below stays until the servers go. To remove thousands of small objects
would slow down the runs that follow: ext4 passes over inodes that were freed in the last minutes
when it looks for one for a new file, which cost the S3 server a quarter of its CPU."""

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Site:
    """One run's names on the servers."""

    servers: Servers
    environment: dict[str, str]

    @property
    def queue(self) -> str:
        """The work queue."""
        return self.environment["AUGMENT_QUEUE"]

    @property
    def completed_queue(self) -> str:
        """Where completions arrive."""
        return self.environment["AUGMENT_COMPLETED_QUEUE"]

    def publish(self, item_ids: Iterable[int], photographs: int) -> None:
        """Send a message for each item; there are so many photographs, which the items share.

        Item i has photograph i modulo their number. Returns when the broker has them all.
        """
        with self.servers.channel() as channel:
            # Without, a quorum queue never gets what is on its way when the channel closes.
            channel.confirm_delivery()
            for item_id in item_ids:
                properties = BasicProperties(
                    content_type="application/json",
                    delivery_mode=DeliveryMode.Persistent,
                    message_id=str(uuid4()),
                    timestamp=int(time.time()),
                )
                body = {
                    "itemId": item_id,
                    "categoria": CATEGORIA,
                    "objectKey": source_key(item_id % photographs),
                }
                channel.basic_publish("", self.queue, json.dumps(body).encode(), properties)

    def ready(self, queue: str) -> int:
        """How many messages of a queue no consumer holds."""
        with self.servers.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def consumers(self) -> int:
        """How many consumers the work queue has."""
        with self.servers.channel() as channel:
            return int(channel.queue_declare(self.queue, passive=True).method.consumer_count)

    def total_ms(self) -> dict[int, float]:
        """How long each item took by its metrics row, by item id."""
        return self._metrics("total_ms")

    def render_ms(self) -> dict[int, float]:
        """The same without its download."""
        return self._metrics("total_ms - download_ms")

    def _metrics(self, expression: LiteralString) -> dict[int, float]:
        query = sql.SQL(
            "SELECT item_id, {} FROM augmentation_metrics JOIN augmentation_jobs ON id = job_id"
        ).format(sql.SQL(expression))
        with psycopg.connect(self.environment["AUGMENT_DATABASE_URL"]) as session:
            return dict(session.execute(query).fetchall())


@contextmanager
def new_site(servers: Servers, kind: Kind, **settings: object) -> Iterator[Site]:
    """A site until the block ends; `settings` are the service's own, without their prefix."""
    name = f"bench_{next(_numbers)}_{uuid4().hex[:8]}"
    training = name.replace("_", "-")
    with servers.session() as session:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = servers.environment["AUGMENT_DATABASE_URL"].rsplit("/", 1)[0]
    environment = dict(servers.environment) | {
        "AUGMENT_DATABASE_URL": f"{database}/{name}",
        "AUGMENT_QUEUE": f"ImageAugmentations-{name}",
        "AUGMENT_COMPLETED_QUEUE": f"ModelTraining-{name}",
        "AUGMENT_SOURCE_BUCKET": servers.source_bucket(kind),
        "AUGMENT_TRAINING_BUCKET": training,
        "AUGMENT_METRICS_PORT": "0",
        "AUGMENT_LOG_FORMAT": "json",
    }
    environment |= {f"{PREFIX}{key.upper()}": str(value) for key, value in settings.items()}
    site = Site(servers, environment)
    _make(environment)
    try:
        yield site
    finally:
        _remove(site, name)
        if kind.width * kind.height >= SMALL_PIXELS:
            servers.remove_bucket(training)


def _make(environment: dict[str, str]) -> None:
    given = {key.removeprefix(PREFIX).lower(): value for key, value in environment.items()}
    settings = Settings.model_validate(given)
    queues = declare_topology(settings)
    buckets = create_missing_buckets(settings)
    tables = apply_migrations(environment["AUGMENT_DATABASE_URL"])
    problems = [bucket.problem for bucket in buckets if bucket.problem is not None]
    if problems or isinstance(tables, Failure) or not queues.queues:
        raise RuntimeError(f"the servers are not as they should be: {problems} {tables}")


def _remove(site: Site, database: str) -> None:
    with site.servers.channel() as channel:
        for suffix in ("", ".retry.5s", ".retry.10s", ".dlq"):
            channel.queue_delete(f"{site.queue}{suffix}")
        channel.queue_delete(site.completed_queue)
    with site.servers.session() as session:
        statement = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
        session.execute(sql.SQL(statement).format(sql.Identifier(database)))
