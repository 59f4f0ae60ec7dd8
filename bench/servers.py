"""The three servers of a run: where they are, and what is put into them or read from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from minio import Minio
from pika import BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel

from bench.measure import listener
from bench.photographs import Kind, write_photographs

ADDRESSES = ("AUGMENT_AMQP_URL", "AUGMENT_S3_ENDPOINT", "AUGMENT_DATABASE_URL")
TRANSFERS = 8
"""Objects that are written or removed at once."""


@dataclass(frozen=True, slots=True)
class Servers:
    """RabbitMQ, PostgreSQL and S3, as the environment names them, and the photographs there."""

    environment: Mapping[str, str]
    process_ids: tuple[int, ...]
    folder: Path
    """Where photographs are kept as files."""
    uploaded: dict[Kind, list[Path]] = field(default_factory=dict)

    def source_bucket(self, kind: Kind) -> str:
        """The bucket that a kind's photographs are in."""
        return f"bench-{kind.width}x{kind.height}"

    def provide(self, kind: Kind, count: int) -> list[Path]:
        """See to it that the first `count` photographs are in their bucket; returns the files."""
        store, bucket = self.store(), self.source_bucket(kind)
        if kind not in self.uploaded:
            store.make_bucket(bucket)
            self.uploaded[kind] = []
        there = self.uploaded[kind]
        paths = write_photographs(kind, count, self.folder)

        def upload(number: int) -> None:
            store.fput_object(bucket, source_key(number), str(paths[number]), "image/jpeg")

        with ThreadPoolExecutor(TRANSFERS) as pool:
            list(pool.map(upload, range(len(there), count)))
        there.extend(paths[len(there) :])
        return paths

    def remove_bucket(self, bucket: str) -> None:
        """Remove a bucket with all that is in it."""
        store = self.store()
        keys = [found.object_name for found in store.list_objects(bucket, recursive=True)]
        with ThreadPoolExecutor(TRANSFERS) as pool:
            list(pool.map(lambda key: store.remove_object(bucket, key or ""), keys))

    def store(self) -> Minio:
        """A client of the object store."""
        return Minio(
            urlsplit(self.environment["AUGMENT_S3_ENDPOINT"]).netloc,
            self.environment["AUGMENT_S3_ACCESS_KEY"],
            self.environment["AUGMENT_S3_SECRET_KEY"],
            secure=False,
            region=self.environment["AUGMENT_S3_REGION"],
        )

    def session(self) -> psycopg.Connection:
        """A session in the sandbox's own database, in autocommit mode."""
        return psycopg.connect(self.environment["AUGMENT_DATABASE_URL"], autocommit=True)

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        """A channel to the broker."""
        connection = BlockingConnection(URLParameters(self.environment["AUGMENT_AMQP_URL"]))
        try:
            yield connection.channel()
        finally:
            connection.close()


def source_key(number: int) -> str:
    """Where the photograph of a number is."""
    return f"originals/{number}.jpg"


def servers_of_environment(folder: Path) -> Servers:
    """The servers that the environment names. Raises `LookupError` where they are not here."""
    missing = [name for name in ADDRESSES if name not in os.environ]
    if missing:
        raise LookupError(f"{', '.join(missing)}: not set; run: make bench")
    # TCP ports, since the servers have to be on this machine for their CPU time to be counted.
    ports = [urlsplit(os.environ[name]).port for name in ADDRESSES]
    process_ids = tuple(listener(port) for port in ports if port is not None)
    named = {name: value for name, value in os.environ.items() if name.startswith("AUGMENT_")}
    return Servers(named, process_ids, folder)
