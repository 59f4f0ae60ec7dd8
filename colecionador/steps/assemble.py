"""The aggregate step: what became of all variations of a delivery becomes one item."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter

from colecionador.domain.events import Generated
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.ports import Telemetry
from colecionador.domain.results import (
    CompletedItem,
    FailedItem,
    SkippedVariation,
    StoredVariation,
    Timings,
    VariationResult,
)
from colecionador.steps.photo import Facts, Rendered

_POSITION = attrgetter("position")


@dataclass(frozen=True, slots=True)
class Assemble:
    """The step."""

    plan_version: str
    telemetry: Telemetry

    def __call__(self, rendered: Sequence[Rendered]) -> CompletedItem | FailedItem:
        """The item, complete; or its failure where an upload failed or no variation is valid."""
        facts = rendered[0].facts
        results = [one.result for one in sorted(rendered, key=_POSITION)]
        made = [result for result in results if not isinstance(result, Failure)]
        if len(made) < len(results):
            failures = [result for result in results if isinstance(result, Failure)]
            return self._failed(facts, failures[0])
        stored = [result for result in made if isinstance(result, StoredVariation)]
        if not stored:
            return self._failed(facts, _no_valid_variation(made))
        self.telemetry.emit(
            Generated(facts.item, facts.job_id, facts.worker, len(stored), len(made) - len(stored))
        )
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

    def _failed(self, facts: Facts, failure: Failure) -> FailedItem:
        return FailedItem(facts.item, failure, self.plan_version, facts.source, facts.worker)


def _no_valid_variation(made: Sequence[VariationResult]) -> Failure:
    skipped = [result for result in made if isinstance(result, SkippedVariation)]
    reasons = "; ".join(f"{one.name}: {one.error}" for one in skipped)
    return Failure(
        ErrorType.NO_VALID_VARIATION, f"none of {len(skipped)} variations is valid: {reasons}"
    )


def _timings(facts: Facts, stored: Sequence[StoredVariation]) -> Timings:
    transform_ms = encode_ms = upload_ms = 0.0
    for one in stored:
        transform_ms += one.transform_ms
        encode_ms += one.encode_ms
        upload_ms += one.upload_ms
    return Timings(
        queue_ms=facts.item.queue_ms,
        download_ms=facts.download_ms,
        decode_ms=facts.decode_ms,
        transform_ms=transform_ms,
        encode_ms=encode_ms,
        upload_ms=upload_ms,
        total_ms=(time.perf_counter() - facts.started_at) * 1000,
    )
