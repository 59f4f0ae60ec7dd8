"""The seams of the service: what its steps need of a broker, an object store and a database.

Each port is written twice, once over real servers and once in memory, and one conformance suite
holds both to the same behaviour. A port's blocking calls are made on pool threads; expected
errors come back as a `Failure`, never as an exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from colecionador.domain.events import Event
from colecionador.domain.failures import Failure
from colecionador.domain.messages import Delivery, Item
from colecionador.domain.records import record
from colecionador.domain.results import CompletedItem, FailedItem, StoredCompletion
from colecionador.domain.settlements import Settlement


@record
class StoredObject:
    """An object's bytes, its ETag without quotes, and the MD5 of the bytes in hexadecimal."""

    data: bytes
    etag: str
    md5: str


class Store(Protocol):
    """An object store, as S3 speaks. Every call may be made from several threads at once."""

    def source_etag(self, bucket: str, object_key: str) -> str | Failure:
        """The ETag of an object without its bytes; `source_missing`, `source_forbidden`, …."""
        ...

    def download(self, bucket: str, object_key: str, limit_bytes: int) -> StoredObject | Failure:
        """An object whole; `source_too_large` is told from its declared size, before reading."""
        ...

    def upload(
        self, bucket: str, object_key: str, data: bytes, content_type: str, md5: str
    ) -> str | Failure:
        """Put `data` in a single request and return its ETag, compared with `md5` (hex).

        A mismatch, a 5xx or a lost connection is tried once more at once; then it is
        `etag_mismatch` or `upload_failed`.
        """
        ...

    def probe(self) -> Failure | None:
        """One cheap round trip on a fresh answer, never a cached one: is the store there?"""
        ...

    def try_upload(self, size_bytes: int) -> Failure | None:
        """Put an object of so many bytes that is no message's: does the store take it?"""
        ...


@record
class Registered:
    """A message's job, as the ledger knows it."""

    job_id: int
    completed: StoredCompletion | None = None
    """Set where the job says `success` for the same item, categoria, bucket, key and plan.

    The source then decides: the same ETag (`completed.source.etag`) now, or a source that has
    gone meanwhile, makes the delivery a duplicate; another ETag makes it new work.
    """


@record
class Committed:
    """The item's rows are in the database."""

    job_id: int


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """Another delivery of this message has completed the same work: its completion as stored."""

    completion: StoredCompletion


@dataclass(frozen=True, slots=True)
class Recorded:
    """The failed attempt is in the database. `job_id` is None where there is no job to update."""

    job_id: int | None


class Ledger(Protocol):
    """The record of jobs. Calls are batches, answered in order, and safe from several threads."""

    def register(self, items: Sequence[Item], plan_version: str) -> Sequence[Registered | Failure]:
        """Note each item's attempt as `processing` and say what is known of its message.

        A job that says `success` is left as it is.
        """
        ...

    def commit(self, items: Sequence[CompletedItem]) -> Sequence[Committed | AlreadyDone | Failure]:
        """Write all items in one transaction; where their data fails it, each in its own."""
        ...

    def record(
        self, failed: Sequence[tuple[FailedItem, bool]]
    ) -> Sequence[Recorded | AlreadyDone | Failure]:
        """Note failed attempts; the flag says that it was the last one, so the job is `failed`."""
        ...

    def probe(self) -> Failure | None:
        """One cheap round trip: is the database there?"""
        ...

    def try_writing(self) -> Failure | None:
        """Write rows that are no message's, and take them back: does the database take them?"""
        ...


class Lane(Protocol):
    """One consumer of the work queue, with its own prefetch. Used by one Bytewax worker."""

    def take(self) -> Sequence[Delivery]:
        """The deliveries that have arrived since the last call; never blocks."""
        ...

    @property
    def ended(self) -> bool:
        """True when it drained, or found no more work, and nothing of it is unsettled."""
        ...

    @property
    def released(self) -> int:
        """The newest generation whose deliveries have all gone back to the queue; 0: none has."""
        ...

    def close(self) -> None:
        """Let go of the channel; what is unsettled goes back to the queue."""
        ...


class Lanes(Protocol):
    """The broker's edge of a process: its lanes, and the settling of what they delivered."""

    @property
    def names(self) -> Sequence[str]:
        """The lanes of the whole cluster, in sorted order; the same in every process."""
        ...

    def open(self, name: str) -> Lane:
        """Start to consume on one lane."""
        ...

    def settle(self, name: str, settlements: Sequence[Settlement]) -> None:
        """Publish, await the confirm, then ack; returns at once. Stale deliveries are dropped.

        Only the process that opened the lane may settle on it.
        """
        ...

    def pause(self) -> None:
        """Take no more deliveries until `resume`; what is held goes on."""
        ...

    def resume(self) -> None:
        """Take deliveries again."""
        ...

    def drain(self) -> None:
        """Take no more deliveries, finish what is held until the deadline, then end the lanes."""
        ...

    @property
    def draining(self) -> bool:
        """True once `drain` was called."""
        ...


class Telemetry(Protocol):
    """Where events go: metrics, logs, error reports. Never raises and never blocks an item."""

    def emit(self, event: Event) -> None:
        """Tell every backend of one event."""
        ...
