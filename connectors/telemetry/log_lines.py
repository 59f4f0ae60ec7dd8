"""What the log says of each event: one line at INFO for each outcome, DEBUG for the steps between.

What is counted and never read one by one (stages, round trips) has no line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from logging import DEBUG, ERROR, INFO, WARNING
from types import MappingProxyType
from typing import Any, Protocol

from colecionador.domain.events import (
    AttemptFailed,
    Delivered,
    DependencyChanged,
    Downloaded,
    Event,
    Generated,
    Judged,
    Notice,
    Released,
    Settled,
    Started,
    UploadFailed,
    VariationsCommitted,
    VariationSkipped,
    VariationStored,
)
from colecionador.domain.failures import Failure
from colecionador.domain.messages import DeliveryId, Item
from colecionador.domain.records import record
from colecionador.domain.settlements import Completion, DeadLetter, Outcome, Retry
from connectors.telemetry.secrets import without_values

Fields = dict[str, Any]

DEBUG_EVENTS = frozenset(
    {
        Delivered,
        Started,
        Downloaded,
        Judged,
        VariationStored,
        Generated,
        VariationsCommitted,
        Released,
    }
)
"""Events whose line is at DEBUG: above that level they are dropped by their type alone."""

LEVELS = MappingProxyType({"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR})
"""A notice's level as `logging` numbers it."""


@record
class Line:
    """One line: `level` as `logging` numbers it, the event's name, and its fields."""

    level: int
    event: str
    fields: Fields

    @classmethod
    def of(cls, level: int, event: str, **fields: object) -> Line:
        """A line with the fields that are known, that is, not None."""
        return cls(
            level, event, {name: value for name, value in fields.items() if value is not None}
        )


def line_of(event: Event, now: Callable[[], float]) -> Line | None:
    """The line of an event, or None where it has none. `now` is in seconds since the epoch."""
    if isinstance(event, Settled):
        return _settled(event, now())
    make = _LINES.get(type(event))
    return make(event) if make else None


def _settled(event: Settled, now: float) -> Line:
    settlement = event.settlement
    subject = settlement.subject
    name, of_outcome = _outcome(settlement)
    return Line.of(
        INFO,
        name,
        item_id=subject.item_id,
        message_id=subject.message_id,
        job_id=subject.job_id,
        attempt=subject.attempt,
        lane=settlement.delivery.lane,
        worker=subject.worker,
        categoria=subject.categoria,
        seconds=round(now - subject.delivered_at, 4),
        publish_ms=round(event.publish_seconds * 1000, 3),
        **of_outcome,
    )


def _outcome(settlement: Completion | Retry | DeadLetter) -> tuple[str, Fields]:
    match settlement:
        case Completion(outcome=Outcome.DUPLICATE):
            return "Duplicate acknowledged", {}
        case Completion():
            return "Item processed", {"bad_quality": settlement.bad_quality}
        case Retry():
            delay = {"delay_seconds": settlement.delay_seconds}
            return "Item retried", _of_failure(settlement.failure) | delay
        case DeadLetter():
            return "Item dead-lettered", _of_failure(settlement.failure)


def _attempt_failed(event: AttemptFailed) -> Line:
    # There is a traceback only of what nobody expected.
    traceback = event.traceback or event.failure.traceback
    level = ERROR if traceback else WARNING
    return Line.of(
        level,
        "Attempt failed",
        **_of_work(event),
        **_of_failure(event.failure),
        kind=event.failure.kind.value,
        exception=traceback,
    )


def _variation_skipped(event: VariationSkipped) -> Line:
    variation = event.variation
    return Line.of(
        WARNING,
        "Variation skipped",
        **_of_work(event),
        variation=variation.name,
        error_type=variation.error_type.value,
        error=variation.error,
    )


def _dependency_changed(event: DependencyChanged) -> Line:
    if event.up:
        return Line.of(INFO, "Dependency up", dependency=event.dependency.value)
    dependency = event.dependency.value
    return Line.of(WARNING, "Dependency down", dependency=dependency, reason=event.reason)


def _notice(event: Notice) -> Line:
    return Line(LEVELS[event.level], event.event, dict(event.fields))


def _delivered(event: Delivered) -> Line:
    return Line.of(
        DEBUG,
        "Delivery received",
        message_id=event.message_id,
        attempt=event.attempt,
        **_of_delivery(event.delivery),
        redelivered=event.redelivered,
        queue_ms=event.queue_ms,
    )


def _released(event: Released) -> Line:
    return Line.of(DEBUG, "Delivery released", **_of_delivery(event.delivery))


def _started(event: Started) -> Line:
    item = event.item
    place = {"categoria": item.categoria, "bucket": item.bucket, "object_key": item.object_key}
    return Line.of(DEBUG, "Starting processing", **_of_work(event), **place)


def _downloaded(event: Downloaded) -> Line:
    size = {"bytes": event.bytes, "duration_ms": round(event.duration_ms, 3)}
    return Line.of(DEBUG, "Downloaded", **_of_work(event), **size)


def _judged(event: Judged) -> Line:
    return Line.of(
        DEBUG,
        "Quality judged",
        **_of_work(event),
        width=event.source.width,
        height=event.source.height,
        blur=event.quality.blur,
        brightness=event.quality.brightness,
        contrast=event.quality.contrast,
        bad_quality=event.quality.bad,
        findings=list(event.quality.findings),
    )


def _variation_stored(event: VariationStored) -> Line:
    variation = event.variation
    return Line.of(
        DEBUG,
        "Variation stored",
        **_of_work(event),
        variation=variation.name,
        object_key=variation.object_key,
        bytes=variation.bytes,
        duration_ms=round(variation.duration_ms, 3),
    )


def _generated(event: Generated) -> Line:
    counts = {"stored": event.stored, "skipped": event.skipped}
    name = f"Generated {event.stored} variations"
    return Line.of(DEBUG, name, **_of_work(event), **counts)


def _committed(event: VariationsCommitted) -> Line:
    ids = {} if event.item is None else _ids(event.item, event.job_id, event.worker)
    return Line.of(DEBUG, "Committed", **ids, rows=len(event.variations) + 2)


def _upload_failed(event: UploadFailed) -> Line:
    failure = _of_failure(event.failure)
    return Line.of(
        WARNING, "Upload failed", **_of_work(event), variation=event.variation, **failure
    )


class _Work(Protocol):
    """Every event of an item whose job is known."""

    @property
    def item(self) -> Item: ...
    @property
    def job_id(self) -> int | None: ...
    @property
    def worker(self) -> str | None: ...


def _of_work(event: _Work) -> Fields:
    return _ids(event.item, event.job_id, event.worker)


def _ids(item: Item, job_id: int | None, worker: str | None) -> Fields:
    return {
        "item_id": item.item_id,
        "message_id": item.message_id,
        "job_id": job_id,
        "attempt": item.attempt,
        "lane": item.delivery.lane,
        "worker": worker,
    }


def _of_delivery(delivery: DeliveryId) -> Fields:
    return {"lane": delivery.lane, "generation": delivery.generation, "tag": delivery.tag}


def _of_failure(failure: Failure) -> Fields:
    return {"error_type": failure.error_type.value, "error": without_values(failure)}


# Any: each function takes the kind of event that it stands beside.
_LINES: Mapping[type, Callable[[Any], Line]] = MappingProxyType(
    {
        AttemptFailed: _attempt_failed,
        Delivered: _delivered,
        DependencyChanged: _dependency_changed,
        Downloaded: _downloaded,
        Generated: _generated,
        Judged: _judged,
        Notice: _notice,
        Released: _released,
        Started: _started,
        UploadFailed: _upload_failed,
        VariationsCommitted: _committed,
        VariationSkipped: _variation_skipped,
        VariationStored: _variation_stored,
    }
)

LINE_EVENTS = frozenset({*_LINES, Settled})
"""Events that have a line, at whichever level."""
