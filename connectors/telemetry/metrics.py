"""Every metric of the service: name, kind, labels, buckets, meaning; `docs/metrics.md` shows it.

`measuring.py` says which event moves which of them, `prometheus.py` and `dogstatsd.py` where they
go. Every label is bounded: by the code, by the plan, or by the number of workers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SECONDS_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
"""From a millisecond to ten minutes."""

QUEUE_BUCKETS = (*SECONDS_BUCKETS, 1800.0, 3600.0, 4 * 3600.0, 24 * 3600.0)
"""A backlog may be a day old."""

BYTES_BUCKETS = tuple(1024.0 * 4**power for power in range(9))
"""From a KiB to 64 MiB, the largest source that is read by default."""


class Kind(StrEnum):
    """What a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is declared; `buckets` are a histogram's upper bounds."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _counter(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, meaning, labels)


def _gauge(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, meaning, labels)


def _seconds(
    name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = SECONDS_BUCKETS
) -> Metric:
    return Metric(name, Kind.HISTOGRAM, meaning, labels, buckets)


def _bytes(name: str, meaning: str) -> Metric:
    return Metric(name, Kind.HISTOGRAM, meaning, (), BYTES_BUCKETS)


ITEMS = _counter("augment_items_total", "Deliveries settled, by outcome.", "outcome", "categoria")
ITEM_SECONDS = _seconds(
    "augment_item_seconds", "From delivered to settled, of items that succeeded."
)
STAGE_SECONDS = _seconds("augment_stage_seconds", "Time in one stage.", "stage")
DEPENDENCY_SECONDS = _seconds(
    "augment_dependency_seconds", "One round trip to a dependency.", "dependency", "operation"
)
DEPENDENCY_UP = _gauge("augment_dependency_up", "1 where the dependency answers.", "dependency")
QUEUE_SECONDS = _seconds(
    "augment_queue_seconds", "From published to delivered.", buckets=QUEUE_BUCKETS
)
SOURCE_BYTES = _bytes("augment_source_bytes", "Sizes of sources.")
VARIATION_BYTES = _bytes("augment_variation_bytes", "Sizes of stored variations.")
VARIATIONS = _counter(
    "augment_variations_total", "Variations of committed items.", "variation", "outcome"
)
DEAD_LETTERS = _counter(
    "augment_dead_letters_total", "Messages to the dead-letter queue.", "error_type"
)
RETRIES = _counter(
    "augment_retries_total", "Messages to a wait room, by what failed.", "error_type"
)
ITEMS_IN_FLIGHT = _gauge(
    "augment_items_in_flight", "Deliveries that this process has not settled yet."
)
RESIDENT_MEMORY = _gauge(
    "augment_worker_resident_memory_bytes", "Resident memory of this process, read at the scrape."
)
LOW_QUALITY = _counter(
    "augment_low_quality_total", "Successes flagged as of low quality.", "categoria"
)
WORKER_ITEMS = _counter(
    "augment_worker_items_total", "Deliveries brought to their outcome.", "worker_index"
)
UPLOADS_FAILED = _counter(
    "augment_uploads_failed_total", "Uploads of a variation that failed, repeated ones included."
)
TELEMETRY_LOST = _counter(
    "augment_telemetry_lost_total",
    "Events that a backend did not take: its queue was full, or it did not answer.",
    "backend",
)

METRICS = (
    ITEMS,
    ITEM_SECONDS,
    STAGE_SECONDS,
    DEPENDENCY_SECONDS,
    DEPENDENCY_UP,
    QUEUE_SECONDS,
    SOURCE_BYTES,
    VARIATION_BYTES,
    VARIATIONS,
    DEAD_LETTERS,
    RETRIES,
    ITEMS_IN_FLIGHT,
    RESIDENT_MEMORY,
    LOW_QUALITY,
    WORKER_ITEMS,
    UPLOADS_FAILED,
    TELEMETRY_LOST,
)


def resident_memory_bytes() -> float:
    """This process's resident memory; NaN where the system has no `/proc`."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return float("nan")
    return float(pages * os.sysconf("SC_PAGE_SIZE"))
