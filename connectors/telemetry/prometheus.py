"""The metrics as Prometheus scrapes them, each process with a registry of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
)

from colecionador.domain.events import Event
from colecionador.domain.failures import PERMANENT_TYPES, ErrorType
from colecionador.domain.settlements import Outcome
from connectors.telemetry import metrics
from connectors.telemetry.histograms import HistogramCollector
from connectors.telemetry.measuring import (
    NO_CATEGORIA,
    OTHER_CATEGORIA,
    Measuring,
    Observer,
)
from connectors.telemetry.metrics import METRICS, Kind, Metric, resident_memory_bytes

VARIATION_ERROR_TYPES = frozenset({ErrorType.TRANSFORM_FAILED})
"""Error types that leave out a variation and never end an item."""


class PrometheusMeter:
    """Every metric of one process, registered in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, HistogramCollector] = {}
        # `labels()` takes a lock and makes strings of them each time.
        self._moves: dict[tuple[str, ...], Callable[[float], None]] = {}
        for metric in METRICS:
            name, meaning, labels = metric.name, metric.meaning, metric.labels
            match metric.kind:
                case Kind.COUNTER:
                    self._counters[name] = Counter(name, meaning, labels, registry=registry)
                case Kind.GAUGE:
                    self._gauges[name] = Gauge(name, meaning, labels, registry=registry)
                case Kind.HISTOGRAM:
                    self._histograms[name] = HistogramCollector(metric)
                    registry.register(self._histograms[name])
        self._gauges[metrics.RESIDENT_MEMORY.name].set_function(resident_memory_bytes)

    def add(self, metric: Metric, amount: float, *labels: str) -> None:
        """Move a counter, or a gauge, by an amount."""
        series = (metric.name, *labels)
        move = self._moves.get(series)
        if move is None:
            moved = (self._counters if metric.kind is Kind.COUNTER else self._gauges)[metric.name]
            move = self._moves[series] = (moved.labels(*labels) if labels else moved).inc
        move(amount)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[metric.name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observer(self, metric: Metric, *labels: str) -> Observer:
        """What notes one value of a histogram's series, which exists from now on."""
        series = (metric.name, *labels)
        move = self._moves.get(series)
        if move is None:
            move = self._moves[series] = self._histograms[metric.name].series(*labels).observe
        return move


class PrometheusTelemetry:
    """A `Telemetry` that counts and times. `registry` is its own, for the metrics endpoint."""

    def __init__(self, categorias: Collection[str], now: Callable[[], float] = time.time) -> None:
        """`categorias` are the plan's; `now` is in seconds since the epoch."""
        # One series a counter is enough: nothing here needs to know when it was created.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no types here
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._meter = PrometheusMeter(self.registry)
        self._measuring = Measuring(self._meter, categorias, now)
        self.takes = self._measuring.takes
        """The kinds of event that are counted or timed."""
        self._start_at_zero(categorias)

    def emit(self, event: Event) -> None:
        """Move the metrics that the event concerns, if any."""
        self._measuring.emit(event)

    def lost(self, backend: str, events: int) -> None:
        """Count events that a backend of telemetry did not take."""
        self._meter.add(metrics.TELEMETRY_LOST, events, backend)

    def _start_at_zero(self, categorias: Collection[str]) -> None:
        """Make the known series exist, so that their first increase is seen as one."""
        add = self._meter.add
        for categoria in (*sorted(categorias), OTHER_CATEGORIA, NO_CATEGORIA):
            add(metrics.LOW_QUALITY, 0, categoria)
            for outcome in Outcome:
                add(metrics.ITEMS, 0, outcome.value, categoria)
        for error_type in set(ErrorType) - VARIATION_ERROR_TYPES:
            add(metrics.DEAD_LETTERS, 0, error_type.value)
            if error_type not in PERMANENT_TYPES:
                add(metrics.RETRIES, 0, error_type.value)
