"""The fetch step: register the job, download the source, decode it once, judge its quality."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from colecionador.domain.events import Downloaded, Judged, Stage, StageTimed, Started
from colecionador.domain.failures import ErrorType, Failure, internal_failure
from colecionador.domain.messages import Item
from colecionador.domain.ports import Registered, Store, Telemetry
from colecionador.domain.results import DuplicateItem, FailedItem, Quality, Source, StoredCompletion
from colecionador.imaging.codec import Header, Image, check_limits, decode, read_header
from colecionador.imaging.quality import Thresholds, judge
from colecionador.steps.batching import Batcher
from colecionador.steps.budget import Lease, PixelBudget
from colecionador.steps.outages import DATABASE_TRIES, OutageWatch
from colecionador.steps.photo import Facts, Photo, Pixels
from colecionador.steps.pools import Pool

SOURCE_GONE = frozenset({ErrorType.SOURCE_MISSING, ErrorType.SOURCE_FORBIDDEN})


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What a source may be at most."""

    source_bytes: int
    pixels: int


@dataclass(frozen=True, slots=True)
class _Decoded:
    image: Image
    md5: str
    quality: Quality
    decode_seconds: float
    quality_seconds: float


@dataclass(frozen=True, slots=True)
class Fetch:
    """The step, with all that it works on."""

    registrations: Batcher[Item, Registered | Failure]
    store: Store
    database_watch: OutageWatch
    store_watch: OutageWatch
    budget: PixelBudget
    transfer: Pool
    compute: Pool
    limits: FetchLimits
    thresholds: Thresholds
    plan_version: str
    telemetry: Telemetry
    worker: Callable[[], str]

    async def __call__(self, item: Item) -> Photo | DuplicateItem | FailedItem:
        """The photo of an item, or why there is none."""
        worker = self.worker()
        started_at = time.perf_counter()
        registered = await self.database_watch.call(
            lambda: self.registrations.submit(item), DATABASE_TRIES
        )
        if isinstance(registered, Failure):
            return self._failed(item, registered, worker)
        if registered.completed is not None and await self._unchanged(item, registered.completed):
            return DuplicateItem(item, registered.completed)
        self.telemetry.emit(Started(item, registered.job_id, worker))
        return await self._photo(item, registered.job_id, worker, started_at)

    def caught(self, item: Item, error: Exception) -> FailedItem:
        """The failed attempt that an unexpected exception is."""
        return FailedItem(item, internal_failure(error), self.plan_version)

    def _failed(self, item: Item, failure: Failure, worker: str) -> FailedItem:
        return FailedItem(item, failure, self.plan_version, worker=worker)

    async def _unchanged(self, item: Item, completion: StoredCompletion) -> bool:
        """Whether a completed job still stands: same source, or a source gone meanwhile."""
        etag = await self.store_watch.call(
            lambda: self.transfer.call(self.store.source_etag, item.bucket, item.object_key)
        )
        if isinstance(etag, Failure):
            return etag.error_type in SOURCE_GONE
        return etag == completion.source.etag

    async def _photo(
        self, item: Item, job_id: int, worker: str, started_at: float
    ) -> Photo | FailedItem:
        await self.budget.turn()
        download_started = time.perf_counter()
        stored = await self.store_watch.call(
            lambda: self.transfer.call(
                self.store.download, item.bucket, item.object_key, self.limits.source_bytes
            )
        )
        if isinstance(stored, Failure):
            return self._failed(item, stored, worker)
        download_seconds = time.perf_counter() - download_started
        self.telemetry.emit(StageTimed(Stage.DOWNLOAD, download_seconds))
        self.telemetry.emit(
            Downloaded(item, job_id, worker, len(stored.data), download_seconds * 1000)
        )
        header = _accept(stored.data, self.limits.pixels)
        if isinstance(header, Failure):
            return self._failed(item, header, worker)
        lease = await self.budget.take(header.decoded_bytes)
        decoded = await self._decode(stored.data, header, lease)
        if isinstance(decoded, Failure):
            lease.release()
            return self._failed(item, decoded, worker)
        source = Source(
            decoded.md5,
            stored.etag,
            decoded.image.width,
            decoded.image.height,
            len(stored.data),
        )
        self.telemetry.emit(Judged(item, job_id, worker, source, decoded.quality))
        facts = Facts(
            item=item,
            job_id=job_id,
            worker=worker,
            source=source,
            format=decoded.image.format,
            quality=decoded.quality,
            started_at=started_at,
            download_ms=download_seconds * 1000,
            decode_ms=decoded.decode_seconds * 1000,
        )
        return Photo(facts, Pixels(decoded.image, lease))

    async def _decode(self, data: bytes, header: Header, lease: Lease) -> _Decoded | Failure:
        try:
            decoded = await self.compute.call(_decode_and_judge, data, header, self.thresholds)
        except Exception:
            lease.release()
            raise
        if not isinstance(decoded, Failure):
            self.telemetry.emit(StageTimed(Stage.DECODE, decoded.decode_seconds))
            self.telemetry.emit(StageTimed(Stage.QUALITY, decoded.quality_seconds))
        return decoded


def _accept(data: bytes, max_pixels: int) -> Header | Failure:
    header = read_header(data)
    if isinstance(header, Failure):
        return header
    return check_limits(header, max_pixels) or header


def _decode_and_judge(data: bytes, header: Header, thresholds: Thresholds) -> _Decoded | Failure:
    started = time.perf_counter()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    image = decode(data, header)
    if isinstance(image, Failure):
        return image
    decoded = time.perf_counter()
    quality = judge(image, thresholds)
    judged = time.perf_counter()
    return _Decoded(image, md5, quality, decoded - started, judged - decoded)
