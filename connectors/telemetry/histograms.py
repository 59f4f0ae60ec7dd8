"""Histograms that take many observations a second, as a collector of prometheus_client.

Each variation has several, from several threads. The library's own histogram looks at one bound
after the other and takes two locks: of the work around an image it was a tenth.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from threading import Lock

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from connectors.telemetry.metrics import Metric


class HistogramSeries:
    """The observations of one combination of labels. Safe from several threads."""

    __slots__ = ("_bounds", "_counts", "_lock", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """`bounds` are the buckets' upper ones, ascending; what is above them all counts too."""
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._lock = Lock()

    def observe(self, value: float) -> None:
        """Note one value."""
        bucket = bisect_left(self._bounds, value)
        with self._lock:
            self._counts[bucket] += 1
            self._sum += value

    def read(self) -> tuple[list[int], float]:
        """How many values are at most each bound, and at most infinity; and their sum."""
        with self._lock:
            return list(accumulate(self._counts)), self._sum


class HistogramCollector(Collector):
    """All series of one metric, to be registered."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._series: dict[tuple[str, ...], HistogramSeries] = {}
        self._lock = Lock()
        if not metric.labels:
            self.series()

    def series(self, *labels: str) -> HistogramSeries:
        """The series with these values of the metric's labels; from now on it exists."""
        with self._lock:
            return self._series.setdefault(labels, HistogramSeries(self._metric.buckets))

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The family as it is now."""
        metric = self._metric
        bounds = [_written(bound) for bound in (*metric.buckets, float("inf"))]
        family = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        with self._lock:
            existing = list(self._series.items())
        for labels, series in existing:
            counts, total = series.read()
            family.add_metric(labels, list(zip(bounds, counts, strict=True)), total)
        yield family


def _written(bound: float) -> str:
    text: str = floatToGoString(bound)  # type: ignore[no-untyped-call] # the library has no types here
    return text
