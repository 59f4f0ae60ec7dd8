"""The aggregate step: what became of all variations of a delivery becomes one item."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from colecionador.domain.events import Generated
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.plan import Plan
from colecionador.domain.ports import Telemetry
from colecionador.domain.results import (
    CompletedItem,
    FailedItem,
    SkippedVariation,
    StoredVariation,
    Timings,
)
from colecionador.steps.photo import Facts, Rendered


@dataclass(frozen=True, slots=True)
class Assemble:
    """The step, with the plan that orders the variations."""

    plan: Plan
    plan_version: str
    telemetry: Telemetry

    def __call__(self, rendered: Sequence[Rendered]) -> CompletedItem | FailedItem:
        """The item, complete; or its failure where an upload failed or no variation is valid."""
        facts = rendered[0].facts
        rendered = self._in_order(facts, rendered)
        stored = [one.result for one in rendered if isinstance(one.result, StoredVariation)]
        skipped = [one.result for one in rendered if isinstance(one.result, SkippedVariation)]
        failures = [one.result for one in rendered if isinstance(one.result, Failure)]
        if failures:
            return self._failed(facts, failures[0])
        if not stored:
            return self._failed(facts, _no_valid_variation(skipped))
        self.telemetry.emit(
            Generated(facts.item, facts.job_id, facts.worker, len(stored), len(skipped))
        )
        made = [one.result for one in rendered if not isinstance(one.result, Failure)]
        return CompletedItem(
            item=facts.item,
            job_id=facts.job_id,
            source=facts.source,
            quality=facts.quality,
            plan_version=self.plan_version,
            variations=tuple(made),
            timings=_timings(facts, stored),
            worker=facts.worker,
            completed_at=datetime.now(UTC),
        )

    def _in_order(self, facts: Facts, rendered: Sequence[Rendered]) -> list[Rendered]:
        variations = self.plan.variations(facts.item.categoria, bad_quality=facts.quality.bad)
        position = {variation.name: index for index, variation in enumerate(variations)}
        return sorted(rendered, key=lambda one: position[one.name])

    def _failed(self, facts: Facts, failure: Failure) -> FailedItem:
        return FailedItem(facts.item, failure, self.plan_version, facts.source, facts.worker)


def _no_valid_variation(skipped: Sequence[SkippedVariation]) -> Failure:
    reasons = "; ".join(f"{one.name}: {one.error}" for one in skipped)
    return Failure(
        ErrorType.NO_VALID_VARIATION, f"none of {len(skipped)} variations is valid: {reasons}"
    )


def _timings(facts: Facts, stored: Sequence[StoredVariation]) -> Timings:
    return Timings(
        queue_ms=facts.item.queue_ms,
        download_ms=facts.download_ms,
        decode_ms=facts.decode_ms,
        transform_ms=sum(one.transform_ms for one in stored),
        encode_ms=sum(one.encode_ms for one in stored),
        upload_ms=sum(one.upload_ms for one in stored),
        total_ms=(time.perf_counter() - facts.started_at) * 1000,
    )
