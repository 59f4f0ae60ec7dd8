"""The fetch step: register the job, download the source, decode it once, judge its quality."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from colecionador.domain.events import Downloaded, Judged, Stage, StageTimed, Started
from colecionador.domain.failures import ErrorType, Failure, internal_failure
from colecionador.domain.messages import Item
from colecionador.domain.ports import Registered, Store, StoredObject, Telemetry
from colecionador.domain.results import DuplicateItem, FailedItem, Source, StoredCompletion
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.intake import Judgement
from colecionador.steps.batching import Batcher
from colecionador.steps.budget import PixelBudget
from colecionador.steps.decode import LocalDecoder
from colecionador.steps.outages import DATABASE_TRIES, OutageWatch, Probe
from colecionador.steps.photo import Facts, Photo
from colecionador.steps.pools import Pool
from colecionador.steps.stale import GivenUp, IsStale
from colecionador.steps.suspects import Suspects

SOURCE_GONE = frozenset({ErrorType.SOURCE_MISSING, ErrorType.SOURCE_FORBIDDEN})


@dataclass(frozen=True, slots=True)
class Fetch:
    """The step, with all that it works on."""

    registrations: Batcher[Item, Registered | Failure]
    store: Store
    database_watch: OutageWatch
    trial: Probe
    """Whether the database takes writes."""
    store_watch: OutageWatch
    budget: PixelBudget
    transfer: Pool
    local: LocalDecoder
    suspects: Suspects
    thresholds: Callable[[str], Thresholds]
    """The limits of good quality of a categoria."""
    max_source_bytes: int
    plan_version: str
    telemetry: Telemetry
    worker: Callable[[], str]
    is_stale: IsStale

    async def __call__(self, item: Item) -> Photo | DuplicateItem | FailedItem:
        """The photo of an item, or why there is none."""
        worker = self.worker()
        started_at = time.perf_counter()
        registered = await self.database_watch.call(
            lambda: self.registrations.submit(item),
            tries=DATABASE_TRIES,
            trial=self.trial,
            is_wanted=lambda: not self.is_stale(item.delivery),
        )
        if isinstance(registered, Failure):
            return self._failed(item, registered, worker)
        if registered.completed is not None and await self._unchanged(item, registered.completed):
            return DuplicateItem(item, registered.completed)
        self.telemetry.emit(Started(item, registered.job_id, worker))
        return await self._photo(item, registered.job_id, worker, started_at)

    def caught(self, item: Item, error: Exception) -> FailedItem | None:
        """The failed attempt that an unexpected exception is; nothing for work given up."""
        if isinstance(error, GivenUp):
            return None
        return FailedItem(item, internal_failure(error), self.plan_version)

    def _failed(self, item: Item, failure: Failure, worker: str) -> FailedItem:
        return FailedItem(item, failure, self.plan_version, worker=worker)

    async def _unchanged(self, item: Item, completion: StoredCompletion) -> bool:
        """Whether a completed job still stands: same source, or a source gone meanwhile."""
        etag = await self.store_watch.call(
            lambda: self.transfer.call(self.store.source_etag, item.bucket, item.object_key),
            is_wanted=lambda: not self.is_stale(item.delivery),
        )
        if isinstance(etag, Failure):
            return etag.error_type in SOURCE_GONE
        return etag == completion.source.etag

    async def _download(self, item: Item) -> StoredObject | Failure:
        return await self.store_watch.call(
            lambda: self.transfer.call(
                self.store.download, item.bucket, item.object_key, self.max_source_bytes
            ),
            is_wanted=lambda: not self.is_stale(item.delivery),
        )

    async def _photo(
        self, item: Item, job_id: int, worker: str, started_at: float
    ) -> Photo | FailedItem:
        await self.budget.turn()
        decoder = await self.suspects.decoder() if item.redelivered else self.local
        started = time.perf_counter()
        try:
            stored = await self._download(item)
        except Exception:
            decoder.abandon()
            raise
        if isinstance(stored, Failure):
            decoder.abandon()
            return self._failed(item, stored, worker)
        download_ms = (time.perf_counter() - started) * 1000
        self.telemetry.emit(StageTimed(Stage.DOWNLOAD, download_ms / 1000, item))
        self.telemetry.emit(Downloaded(item, job_id, worker, len(stored.data), download_ms))

        decoded = await decoder.decode(stored.data, self.thresholds(item.categoria))
        if isinstance(decoded, Failure):
            return self._failed(item, decoded, worker)
        judged = decoded.judgement
        source = Source(stored.md5, stored.etag, judged.width, judged.height, len(stored.data))
        self._tell(Judged(item, job_id, worker, source, judged.quality), judged)
        facts = Facts(
            item=item,
            job_id=job_id,
            worker=worker,
            source=source,
            format=judged.format,
            quality=judged.quality,
            started_at=started_at,
            download_ms=download_ms,
            decode_ms=judged.decode_seconds * 1000,
        )
        return Photo(facts, decoded.pixels)

    def _tell(self, event: Judged, judged: Judgement) -> None:
        decoded, quality = judged.decode_seconds, judged.quality_seconds
        self.telemetry.emit(StageTimed(Stage.DECODE, decoded, event.item, ended_ago=quality))
        self.telemetry.emit(StageTimed(Stage.QUALITY, quality, event.item))
        self.telemetry.emit(event)
