"""Events become Prometheus metrics: which event moves which instrument.

Counting rules worth knowing:

* an outcome is counted when its delivery is settled, so the counters are what the queues and the
  database say;
* `stage="publish"` comes from `Settled`, every other stage from `StageTimed`;
* variations are counted when their item is committed: those of a failed attempt have no row;
* `augment_dependency_up` of a dependency is absent until something is known of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics

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
    VariationsCommitted,
)
from colecionador.domain.failures import PERMANENT_TYPES, ErrorType
from colecionador.domain.results import StoredVariation
from colecionador.domain.settlements import Completion, DeadLetter, Outcome, Retry, Settlement
from connectors.telemetry.instruments import Instruments

OTHER_CATEGORIA = "other"
"""The label of a categoria that the plan does not name: anyone may invent those."""
NO_CATEGORIA = "none"
"""The label of a message without a valid categoria."""

VARIATION_ERROR_TYPES = frozenset({ErrorType.TRANSFORM_FAILED})
"""Error types that leave out a variation and never end an item."""


class PrometheusTelemetry:
    """A `Telemetry` that counts and times. `registry` is its own, for the metrics endpoint."""

    def __init__(self, categorias: Collection[str], now: Callable[[], float] = time.time) -> None:
        """`categorias` are the plan's; `now` is in seconds since the epoch."""
        # One series a counter is enough: nothing here needs to know when it was created.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no types here
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._categorias = frozenset(categorias)
        self._now = now
        self._instruments = Instruments(self.registry)
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
            VariationsCommitted: self._variations_committed,
        }
        self._start_at_zero()

    def emit(self, event: Event) -> None:
        """Move the instruments that the event concerns, if any."""
        move = self._moves.get(type(event))
        if move is not None:
            move(event)

    def _delivered(self, event: Delivered) -> None:
        self._instruments.items_in_flight.inc()
        if event.queue_ms is not None:
            self._instruments.queue_seconds.observe(event.queue_ms / 1000)

    def _released(self, _event: Released) -> None:
        self._instruments.items_in_flight.dec()

    def _settled(self, event: Settled) -> None:
        self._instruments.items_in_flight.dec()
        self._instruments.stage_seconds.labels(Stage.PUBLISH.value).observe(event.publish_seconds)
        self._count(event.settlement)

    def _downloaded(self, event: Downloaded) -> None:
        self._instruments.source_bytes.observe(event.bytes)

    def _handled(self, event: Handled) -> None:
        self._instruments.worker_items.labels(str(event.worker_index)).inc(event.items)

    def _variations_committed(self, event: VariationsCommitted) -> None:
        for variation in event.variations:
            outcome = "skipped"
            if isinstance(variation, StoredVariation):
                outcome = "stored"
                self._instruments.variation_bytes.observe(variation.bytes)
            self._instruments.variations.labels(variation.name, outcome).inc()

    def _stage_timed(self, event: StageTimed) -> None:
        self._instruments.stage_seconds.labels(event.stage.value).observe(event.seconds)

    def _dependency_called(self, event: DependencyCalled) -> None:
        called = self._instruments.dependency_seconds
        called.labels(event.dependency.value, event.operation).observe(event.seconds)

    def _dependency_changed(self, event: DependencyChanged) -> None:
        self._instruments.dependency_up.labels(event.dependency.value).set(event.up)

    def _count(self, settlement: Settlement) -> None:
        categoria = self._label(settlement.subject.categoria)
        outcome = self._outcome(settlement, categoria)
        self._instruments.items.labels(outcome.value, categoria).inc()

    def _outcome(self, settlement: Settlement, categoria: str) -> Outcome:
        """The outcome of a settlement, with what is counted of it alone."""
        instruments = self._instruments
        match settlement:
            case Retry(failure=failure):
                instruments.retries.labels(failure.error_type.value).inc()
                return Outcome.RETRIED
            case DeadLetter(failure=failure):
                instruments.dead_letters.labels(failure.error_type.value).inc()
                return Outcome.DEAD_LETTERED
            case Completion(outcome=Outcome.SUCCESS):
                elapsed = self._now() - settlement.subject.delivered_at
                # The wall clock may be set back in between.
                instruments.item_seconds.observe(max(elapsed, 0.0))
                if settlement.bad_quality:
                    instruments.low_quality.labels(categoria).inc()
                return Outcome.SUCCESS
            case Completion():
                return settlement.outcome

    def _label(self, categoria: str | None) -> str:
        if categoria is None:
            return NO_CATEGORIA
        return categoria if categoria in self._categorias else OTHER_CATEGORIA

    def _start_at_zero(self) -> None:
        """Make the known series exist, so that their first increase is seen as one."""
        categorias = (*sorted(self._categorias), OTHER_CATEGORIA, NO_CATEGORIA)
        for categoria in categorias:
            self._instruments.low_quality.labels(categoria)
            for outcome in Outcome:
                self._instruments.items.labels(outcome.value, categoria)
        for stage in Stage:
            self._instruments.stage_seconds.labels(stage.value)
        for error_type in set(ErrorType) - VARIATION_ERROR_TYPES:
            self._instruments.dead_letters.labels(error_type.value)
            if error_type not in PERMANENT_TYPES:
                self._instruments.retries.labels(error_type.value)
