"""The render step: make one variation, check it, put it into the training bucket."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from colecionador.domain.events import (
    UploadFailed,
    VariationSkipped,
    VariationStored,
)
from colecionador.domain.failures import ErrorType, Failure, internal_failure
from colecionador.domain.ports import Store, Telemetry
from colecionador.domain.results import SkippedVariation, StoredVariation
from colecionador.imaging.rendering import Rendered as Encoded
from colecionador.steps.outages import OutageWatch
from colecionador.steps.photo import Facts, Rendered, Rendering
from colecionador.steps.pools import Pool
from colecionador.steps.stale import GONE_BACK, GivenUp, IsStale
from colecionador.steps.tasks import Step

VARIATION_TYPES = frozenset({ErrorType.TRANSFORM_FAILED, ErrorType.INVALID_FORMAT})
"""Failures that concern one variation, which is left out; any other fails the whole item."""


@dataclass(frozen=True, slots=True)
class Render:
    """The step, with all that it works on."""

    store: Store
    store_watch: OutageWatch
    compute: Pool
    transfer: Pool
    training_bucket: str
    jpeg_quality: int
    plan_version: str
    telemetry: Telemetry
    is_stale: IsStale

    async def __call__(self, rendering: Rendering) -> Rendered:
        """What became of the variation. Its share of the pixels ends when it is encoded."""
        facts, name = rendering.facts, rendering.variation.name
        started = time.perf_counter()
        encoded = await self.compute.call(self._encode, rendering)
        if isinstance(encoded, Failure):
            result = self._not_encoded(facts, name, encoded, started)
            return Rendered(facts, rendering.position, rendering.count, result)

        key = object_key(facts, name, self.plan_version)
        uploading = time.perf_counter()
        if self.store_watch.is_out or self.is_stale(facts.item.delivery):
            etag = await self._upload_in_the_end(facts, key, encoded)
        else:
            # Nearly always: nine times an item, so without what the other way takes along.
            etag = await self.transfer.call(self._upload, facts, key, encoded)
            if isinstance(etag, Failure):
                etag = await self._upload_in_the_end(facts, key, encoded, etag)
        if isinstance(etag, Failure):
            self.telemetry.emit(UploadFailed(facts.item, facts.job_id, facts.worker, name, etag))
            return Rendered(facts, rendering.position, rendering.count, etag)
        ended = time.perf_counter()
        stored = StoredVariation(
            name=name,
            bucket=self.training_bucket,
            object_key=key,
            md5=encoded.md5,
            etag=etag,
            width=encoded.width,
            height=encoded.height,
            bytes=len(encoded.data),
            transform_ms=encoded.transform_ms,
            encode_ms=encoded.encode_ms,
            upload_ms=(ended - uploading) * 1000,
            duration_ms=(ended - started) * 1000,
        )
        self.telemetry.emit(
            VariationStored(facts.item, facts.job_id, facts.worker, stored, encoded.validate_ms)
        )
        return Rendered(facts, rendering.position, rendering.count, stored)

    def caught(self, rendering: Rendering, error: Exception) -> Rendered:
        """An unexpected exception fails the whole item, since another attempt may succeed."""
        failure = GONE_BACK if isinstance(error, GivenUp) else internal_failure(error)
        return Rendered(rendering.facts, rendering.position, rendering.count, failure)

    def _encode(self, rendering: Rendering) -> Encoded | Failure:
        try:
            if self.is_stale(rendering.facts.item.delivery):
                return GONE_BACK
            return rendering.pixels.render(
                rendering.variation,
                item_id=rendering.facts.item.item_id,
                plan_version=self.plan_version,
                jpeg_quality=self.jpeg_quality,
            )
        finally:
            rendering.pixels.release()

    def _not_encoded(
        self, facts: Facts, name: str, failure: Failure, started: float
    ) -> SkippedVariation | Failure:
        if failure.error_type not in VARIATION_TYPES:
            return failure
        duration_ms = (time.perf_counter() - started) * 1000
        skipped = SkippedVariation(name, failure.error_type, failure.error, duration_ms)
        self.telemetry.emit(VariationSkipped(facts.item, facts.job_id, facts.worker, skipped))
        return skipped

    def _upload_in_the_end(
        self, facts: Facts, key: str, encoded: Encoded, answer: Failure | None = None
    ) -> Step[str | Failure]:
        """Upload across outages; with the answer of the first try where there was one."""
        return self.store_watch.call(
            lambda: self.transfer.call(self._upload, facts, key, encoded),
            trial=partial(self.store.try_upload, len(encoded.data)),
            is_wanted=lambda: not self.is_stale(facts.item.delivery),
            answer=answer,
        )

    def _upload(self, facts: Facts, key: str, encoded: Encoded) -> str | Failure:
        content_type = facts.format.content_type
        return self.store.upload(self.training_bucket, key, encoded.data, content_type, encoded.md5)


def object_key(facts: Facts, name: str, plan_version: str) -> str:
    """Where a variation goes: a key that other bytes would never have."""
    item = facts.item
    content = f"{facts.source.md5[:12]}-{plan_version[:8]}"
    return f"{item.categoria}/{item.item_id}/{content}/{name}.{facts.format.extension}"
