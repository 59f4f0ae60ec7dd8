"""The dataflow with no-ops where the work would be, for the price of the rest.

    python -m bytewax.run "bench.no_ops:flow('broker')"

Its wiring is the production's own, telemetry included; steps get no-ops in place of what they call
by their ports. A no-op is called wherever the real thing is, on the same thread pool.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from bytewax.dataflow import Dataflow

from bench.no_op_lanes import NoOpLanes
from colecionador.domain.failures import Failure
from colecionador.domain.messages import Item
from colecionador.domain.plan import Variation
from colecionador.domain.ports import Committed, Lanes, Ledger, Recorded, Registered, StoredObject
from colecionador.domain.results import CompletedItem, FailedItem, Quality
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import ImageFormat
from colecionador.imaging.intake import Judgement
from colecionador.imaging.rendering import Rendered
from colecionador.steps.batching import Batcher
from colecionador.steps.budget import Lease
from colecionador.steps.decode import Decoded, LocalDecoder
from colecionador.steps.pools import Pool
from flows.augment import topology
from flows.production import production_wiring
from flows.wiring import COMMIT_THREADS, Steps

MEMORY, BROKER, DATABASE = "memory", "broker", "database"
"""What is real: nothing; the broker; the broker and the database."""

BATCH = 10
MD5 = "0" * 32
_RENDERED = Rendered(b"", 4, 3, MD5, 0.0, 0.0, 0.0)
_JUDGEMENT = Judgement(
    format=ImageFormat.JPEG,
    width=4,
    height=3,
    quality=Quality(blur=100.0, brightness=100.0, contrast=50.0, bad=False),
    decode_seconds=0.0,
    quality_seconds=0.0,
)


def flow(real: str, items: int = 0) -> Dataflow:
    """The dataflow; in memory it makes so many items of its own, and ends."""
    wiring = production_wiring()
    steps = _without_images_and_store(wiring.steps, wiring.compute)
    if real != DATABASE:
        steps = _without_database(steps)
    lanes: Lanes = wiring.lanes
    if real == MEMORY:
        lanes = NoOpLanes(lanes.names, items)
    return topology(replace(wiring, lanes=lanes, steps=steps))


def _without_images_and_store(steps: Steps, compute: Pool) -> Steps:
    store = NoOpStore()
    decoder = NoOpDecoder(compute, steps.fetch.budget, max_pixels=1)
    fetch = replace(steps.fetch, store=store, local=decoder)
    return replace(steps, fetch=fetch, render=replace(steps.render, store=store))


def _without_database(steps: Steps) -> Steps:
    ledger: Ledger = NoOpLedger()
    register = partial(ledger.register, plan_version="")
    registrations = Batcher("register", register, limit=BATCH, threads=COMMIT_THREADS)
    commits = Batcher("commit", ledger.commit, limit=BATCH, threads=COMMIT_THREADS)
    return replace(
        steps,
        fetch=replace(steps.fetch, registrations=registrations),
        commit=replace(steps.commit, commits=commits),
    )


class NoOpStore:
    """A store that has everything and keeps nothing."""

    def source_etag(self, bucket: str, object_key: str) -> str:
        """The same for all."""
        return MD5

    def download(self, bucket: str, object_key: str, limit_bytes: int) -> StoredObject:
        """Nothing, at once."""
        return StoredObject(b"", MD5, MD5)

    def upload(self, bucket: str, object_key: str, data: bytes, content_type: str, md5: str) -> str:
        """The ETag that is hoped for."""
        return md5

    def probe(self) -> Failure | None:
        """It is there."""
        return None

    def try_upload(self, size_bytes: int) -> Failure | None:
        """It takes everything."""
        return None


class NoOpPixels:
    """Pixels of which each variation is the same."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def share(self, shares: int) -> None:
        """Let the lease end with the last of so many releases."""
        self._lease.share(shares)

    def render(
        self, variation: Variation, *, item_id: int, plan_version: str, jpeg_quality: int
    ) -> Rendered | Failure:
        """A file of no bytes."""
        return _RENDERED

    def release(self) -> None:
        """Give up one share."""
        self._lease.release()


@dataclass(frozen=True, slots=True)
class NoOpDecoder(LocalDecoder):
    """Decodes whatever comes to the same image."""

    async def decode(self, data: bytes, thresholds: Thresholds) -> Decoded | Failure:
        """The image, by way of the budget and the pool, as a real one comes."""
        lease = await self.budget.take(1)
        judgement = await self.compute.call(_judgement)
        return Decoded(judgement, NoOpPixels(lease))


def _judgement() -> Judgement:
    return _JUDGEMENT


class NoOpLedger:
    """A ledger that agrees and keeps nothing."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    def register(self, items: Sequence[Item], plan_version: str) -> list[Registered]:
        """New jobs."""
        return [Registered(next(self._ids)) for _ in items]

    def commit(self, items: Sequence[CompletedItem]) -> list[Committed]:
        """Committed."""
        return [Committed(next(self._ids)) for _ in items]

    def record(self, failed: Sequence[tuple[FailedItem, bool]]) -> list[Recorded]:
        """Recorded."""
        return [Recorded(None) for _ in failed]

    def probe(self) -> Failure | None:
        """It is there."""
        return None

    def try_writing(self) -> Failure | None:
        """It takes everything."""
        return None
