"""The books at the end of a soak: for each message that was sent, what became of it, everywhere."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

from soak.load import Kind
from soak.site import COMPLETED_QUEUE, QUEUE, TRAINING_BUCKET, Site

VARIATIONS_AT_LEAST = 9
OBJECTS_READ = 2000

_SUCCESSES = "SELECT id, message_id FROM augmentation_jobs WHERE status = 'success'"
_STORED = (
    "SELECT job_id, bucket, object_key, md5, bytes FROM augmentation_results "
    "WHERE status = 'stored'"
)
_METRICS = "SELECT job_id FROM augmentation_metrics"


@dataclass(frozen=True, slots=True)
class _Stored:
    job: int
    bucket: str
    object_key: str
    md5: str
    bytes: int


@dataclass(slots=True)
class Verdict:
    """What the books say; the lists are of message ids."""

    successes: int = 0
    dead_letters: int = 0
    duplicates: int = 0
    """Completions and dead letters that were published again, as at-least-once allows."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    """Two ends of one message, or two completions of it that a consumer could not tell apart."""
    wrong: list[str] = field(default_factory=list)
    """A good message in the dead letters, or a bad one that succeeded."""
    half: list[str] = field(default_factory=list)
    """A success without all of its rows, objects and its completion."""

    @property
    def clean(self) -> bool:
        """True where every message ended once, as it should."""
        return not (self.lost or self.doubled or self.wrong or self.half)


def close_books(site: Site, sent: Mapping[str, Kind]) -> Verdict:
    """Read queues, rows and objects, and judge them. For a service that has no work left."""
    completions = _taken(site, COMPLETED_QUEUE)
    letters = Counter(str(properties.message_id) for properties, _ in _taken(site, f"{QUEUE}.dlq"))
    completion_ids: dict[str, set[str]] = defaultdict(set)
    for properties, _ in completions:
        completion_ids[str(properties.correlation_id)].add(str(properties.message_id))
    with psycopg.connect(site.own_environment["AUGMENT_DATABASE_URL"]) as session:
        jobs = {message_id: job for job, message_id in session.execute(_SUCCESSES)}
        stored: dict[int, list[_Stored]] = defaultdict(list)
        for row in session.execute(_STORED):
            stored[row[0]].append(_Stored(*row))
        measured = {job for (job,) in session.execute(_METRICS)}
    distinct = sum(map(len, completion_ids.values())) + len(letters)
    verdict = Verdict(
        successes=len(jobs),
        dead_letters=len(letters),
        duplicates=len(completions) + letters.total() - distinct,
    )
    damaged = _damaged_objects(site, stored)
    for message_id, kind in sent.items():
        job = jobs.get(message_id)
        ends = (job is not None) + (message_id in letters)
        if ends == 0:
            verdict.lost.append(message_id)
        if ends == 2 or len(completion_ids[message_id]) > 1:
            verdict.doubled.append(message_id)
        if ends == 1 and (job is not None) != (kind is Kind.GOOD):
            verdict.wrong.append(message_id)
        if job is not None and (
            len(stored[job]) < VARIATIONS_AT_LEAST
            or job not in measured
            or job in damaged
            or not completion_ids[message_id]
        ):
            verdict.half.append(message_id)
    return verdict


def _damaged_objects(site: Site, stored: Mapping[int, list[_Stored]]) -> set[int]:
    """The jobs one of whose objects is missing or is not what its row says.

    Every object's size; of some, drawn by chance, every byte, since reading all takes minutes.
    """
    store = site.store()
    sizes = {
        found.object_name: found.size
        for found in store.list_objects(TRAINING_BUCKET, recursive=True)
    }
    rows = [row for of_job in stored.values() for row in of_job]
    damaged = {row.job for row in rows if sizes.get(row.object_key) != row.bytes}
    for row in Random(len(rows)).sample(rows, min(len(rows), OBJECTS_READ)):
        if row.job in damaged:
            continue
        with store.get_object(row.bucket, row.object_key) as response:
            if hashlib.md5(response.read(), usedforsecurity=False).hexdigest() != row.md5:
                damaged.add(row.job)
    return damaged


def _taken(site: Site, queue: str) -> list[tuple[Any, Any]]:
    """All messages of a queue: their properties and what their bodies say."""
    found: list[tuple[Any, Any]] = []
    with site.broker() as connection:
        channel = connection.channel()
        while True:
            method, properties, body = channel.basic_get(queue, auto_ack=True)
            if method is None or body is None:
                return found
            found.append((properties, json.loads(body)))
