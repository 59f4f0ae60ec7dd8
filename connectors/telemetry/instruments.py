"""The service's metrics as Prometheus sees them: names, labels, buckets.

`connectors/telemetry/prometheus.py` says which event moves which of them.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
"""From a millisecond to ten minutes."""

QUEUE_BUCKETS = (*SECONDS_BUCKETS, 1800.0, 3600.0, 4 * 3600.0, 24 * 3600.0)
"""A backlog may be a day old."""

BYTES_BUCKETS = tuple(1024.0 * 4**power for power in range(9))
"""From a KiB to 64 MiB, the largest source that is read by default."""


class Instruments:
    """Every metric of one process, registered in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(name, meaning, labels, registry=registry)

        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, labels, registry=registry)

        def histogram(
            name: str, meaning: str, buckets: tuple[float, ...], *labels: str
        ) -> Histogram:
            return Histogram(name, meaning, labels, buckets=buckets, registry=registry)

        self.items = counter(
            "augment_items_total", "Deliveries settled, by outcome.", "outcome", "categoria"
        )
        self.item_seconds = histogram(
            "augment_item_seconds",
            "From delivered to settled, of items that succeeded.",
            SECONDS_BUCKETS,
        )
        self.stage_seconds = histogram(
            "augment_stage_seconds", "Time in one stage.", SECONDS_BUCKETS, "stage"
        )
        self.dependency_seconds = histogram(
            "augment_dependency_seconds",
            "One round trip to a dependency.",
            SECONDS_BUCKETS,
            "dependency",
            "operation",
        )
        self.dependency_up = gauge(
            "augment_dependency_up", "1 where the dependency answers.", "dependency"
        )
        self.queue_seconds = histogram(
            "augment_queue_seconds", "From published to delivered.", QUEUE_BUCKETS
        )
        self.source_bytes = histogram("augment_source_bytes", "Sizes of sources.", BYTES_BUCKETS)
        self.variation_bytes = histogram(
            "augment_variation_bytes", "Sizes of stored variations.", BYTES_BUCKETS
        )
        self.variations = counter(
            "augment_variations_total", "Variations of committed items.", "variation", "outcome"
        )
        self.dead_letters = counter(
            "augment_dead_letters_total", "Messages to the dead-letter queue.", "error_type"
        )
        self.retries = counter(
            "augment_retries_total", "Messages to a wait room, by what failed.", "error_type"
        )
        self.items_in_flight = gauge(
            "augment_items_in_flight", "Deliveries that this process has not settled yet."
        )
        self.low_quality = counter(
            "augment_low_quality_total", "Successes flagged as of low quality.", "categoria"
        )
        self.worker_items = counter(
            "augment_worker_items_total", "Deliveries brought to their outcome.", "worker_index"
        )
        gauge(
            "augment_worker_resident_memory_bytes",
            "Resident memory of this process, read at the scrape.",
        ).set_function(resident_memory_bytes)


def resident_memory_bytes() -> float:
    """This process's resident memory; NaN where the system has no `/proc`."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return float("nan")
    return float(pages * os.sysconf("SC_PAGE_SIZE"))
