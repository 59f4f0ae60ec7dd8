"""Events become numbers: which event moves which metric, for every backend that counts.

Counting rules worth knowing:

* an outcome is counted when its delivery is settled, so the counters are what the queues and the
  database say;
* `stage="publish"` comes from `Settled`, those of a variation from
  `VariationStored`, every other stage from `StageTimed`;
* variations are counted when their item is committed: those of a failed attempt have no row;
* `augment_dependency_up` of a dependency is absent until something is known of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any, Protocol

from colecionador.domain.events import (
    Delivered,
    DependencyCalled,
    DependencyChanged,
    Downloaded,
    Event,
    Handled,
    Released,
    Settled,
    Stage,
    StageTimed,
    UploadFailed,
    VariationsCommitted,
    VariationStored,
)
from colecionador.domain.results import StoredVariation
from colecionador.domain.settlements import Completion, DeadLetter, Outcome, Retry, Settlement
from connectors.telemetry import metrics
from connectors.telemetry.metrics import Metric

OTHER_CATEGORIA = "other"
"""The label of a categoria that the plan does not name: anyone may invent those."""
NO_CATEGORIA = "none"
"""The label of a message without a valid categoria."""


Observer = Callable[[float], None]


class Meter(Protocol):
    """Where numbers go. `labels` are the values of the metric's labels, in its order."""

    def add(self, metric: Metric, amount: float, *labels: str) -> None:
        """Move a counter, or a gauge, by an amount."""
        ...

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        ...

    def observer(self, metric: Metric, *labels: str) -> Observer:
        """What notes one value of a histogram's series."""
        ...


def categoria_label(categorias: Collection[str], categoria: str | None) -> str:
    """A categoria as a label: the plan's own, or what stands for all others."""
    if categoria is None:
        return NO_CATEGORIA
    return categoria if categoria in categorias else OTHER_CATEGORIA


class Measuring:
    """Moves the metrics of one meter. Its `emit` is a `Telemetry`'s."""

    def __init__(
        self, meter: Meter, categorias: Collection[str], now: Callable[[], float] = time.time
    ) -> None:
        """`categorias` are the plan's; `now` is in seconds since the epoch."""
        self._meter = meter
        self._categorias = frozenset(categorias)
        self._now = now
        # Looked up once; those of a variation by name, since each moves all four.
        self._stage_seconds = {
            stage: meter.observer(metrics.STAGE_SECONDS, stage.value) for stage in Stage
        }
        self._transform_seconds = self._stage_seconds[Stage.TRANSFORM]
        self._encode_seconds = self._stage_seconds[Stage.ENCODE]
        self._validate_seconds = self._stage_seconds[Stage.VALIDATE]
        self._upload_seconds = self._stage_seconds[Stage.UPLOAD]
        self._queue_seconds = meter.observer(metrics.QUEUE_SECONDS)
        self._item_seconds = meter.observer(metrics.ITEM_SECONDS)
        self._source_bytes = meter.observer(metrics.SOURCE_BYTES)
        self._variation_bytes = meter.observer(metrics.VARIATION_BYTES)
        # Any: each method takes the kind of event that it stands beside.
        self._moves: dict[type, Callable[[Any], None]] = {
            Delivered: self._delivered,
            DependencyCalled: self._dependency_called,
            DependencyChanged: self._dependency_changed,
            Downloaded: self._downloaded,
            Handled: self._handled,
            Released: self._released,
            Settled: self._settled,
            StageTimed: self._stage_timed,
            UploadFailed: self._upload_failed,
            VariationsCommitted: self._variations_committed,
            VariationStored: self._variation_stored,
        }
        self.takes = frozenset(self._moves)
        """The kinds of event that move anything."""

    def emit(self, event: Event) -> None:
        """Move the metrics that the event concerns, if any."""
        move = self._moves.get(type(event))
        if move is not None:
            move(event)

    def _delivered(self, event: Delivered) -> None:
        self._meter.add(metrics.ITEMS_IN_FLIGHT, 1)
        if event.queue_ms is not None:
            self._queue_seconds(event.queue_ms / 1000)

    def _released(self, _event: Released) -> None:
        self._meter.add(metrics.ITEMS_IN_FLIGHT, -1)

    def _settled(self, event: Settled) -> None:
        self._meter.add(metrics.ITEMS_IN_FLIGHT, -1)
        self._stage_seconds[Stage.PUBLISH](event.publish_seconds)
        self._count(event.settlement)

    def _downloaded(self, event: Downloaded) -> None:
        self._source_bytes(event.bytes)

    def _handled(self, event: Handled) -> None:
        self._meter.add(metrics.WORKER_ITEMS, event.items, str(event.worker_index))

    def _upload_failed(self, _event: UploadFailed) -> None:
        self._meter.add(metrics.UPLOADS_FAILED, 1)

    def _variations_committed(self, event: VariationsCommitted) -> None:
        for variation in event.variations:
            outcome = "skipped"
            if isinstance(variation, StoredVariation):
                outcome = "stored"
                self._variation_bytes(variation.bytes)
            self._meter.add(metrics.VARIATIONS, 1, variation.name, outcome)

    def _stage_timed(self, event: StageTimed) -> None:
        self._stage_seconds[event.stage](event.seconds)

    def _variation_stored(self, event: VariationStored) -> None:
        variation = event.variation
        self._transform_seconds(variation.transform_ms / 1000)
        self._encode_seconds(variation.encode_ms / 1000)
        self._validate_seconds(event.validate_ms / 1000)
        self._upload_seconds(variation.upload_ms / 1000)

    def _dependency_called(self, event: DependencyCalled) -> None:
        labels = (event.dependency.value, event.operation)
        self._meter.observer(metrics.DEPENDENCY_SECONDS, *labels)(event.seconds)

    def _dependency_changed(self, event: DependencyChanged) -> None:
        self._meter.set(metrics.DEPENDENCY_UP, float(event.up), event.dependency.value)

    def _count(self, settlement: Settlement) -> None:
        categoria = categoria_label(self._categorias, settlement.subject.categoria)
        outcome = self._outcome(settlement, categoria)
        self._meter.add(metrics.ITEMS, 1, outcome.value, categoria)

    def _outcome(self, settlement: Settlement, categoria: str) -> Outcome:
        """The outcome of a settlement, with what is counted of it alone."""
        match settlement:
            case Retry(failure=failure):
                self._meter.add(metrics.RETRIES, 1, failure.error_type.value)
                return Outcome.RETRIED
            case DeadLetter(failure=failure):
                self._meter.add(metrics.DEAD_LETTERS, 1, failure.error_type.value)
                return Outcome.DEAD_LETTERED
            case Completion(outcome=Outcome.SUCCESS):
                elapsed = self._now() - settlement.subject.delivered_at
                # The wall clock may be set back in between.
                self._item_seconds(max(elapsed, 0.0))
                if settlement.bad_quality:
                    self._meter.add(metrics.LOW_QUALITY, 1, categoria)
                return Outcome.SUCCESS
            case Completion():
                return settlement.outcome
