"""The metrics: the code, the page about them, and what others rely on are the same."""

from __future__ import annotations

import re

from connectors.telemetry.metrics import METRICS, Kind
from docs.metrics_page import metrics_page
from tests.connectors.telemetry.test_prometheus import CONTRACT
from tests.deploy.repository import text

ROW = re.compile(r"^\| `(augment_\w+)` \| (\w+) \| ([^|]+) \|", re.MULTILINE)

BOUNDED_LABELS = {
    "backend",
    "categoria",
    "dependency",
    "error_type",
    "operation",
    "outcome",
    "stage",
    "variation",
    "worker_index",
}
"""Labels whose values the code, the plan, or the number of workers bounds."""


def test_the_metrics_page_is_written_from_the_metrics() -> None:
    assert text("docs/metrics.md") == metrics_page(), "run: make docs"


def test_every_metric_that_others_rely_on_is_in_the_code_and_on_the_page() -> None:
    in_code = {each.name: (each.kind.value, set(each.labels)) for each in METRICS}
    on_page = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in ROW.findall(text("docs/metrics.md"))
    }
    assert on_page == in_code
    assert {name: in_code[name] for name in CONTRACT} == CONTRACT


def test_no_label_is_one_that_grows_with_the_items() -> None:
    assert {label for metric in METRICS for label in metric.labels} <= BOUNDED_LABELS


def test_histograms_of_time_reach_from_milliseconds_to_minutes() -> None:
    times = [
        each.buckets
        for each in METRICS
        if each.kind is Kind.HISTOGRAM and each.name.endswith("_seconds")
    ]
    assert len(times) == 4
    for buckets in times:
        assert buckets[0] <= 0.001
        assert buckets[-1] >= 300
        assert list(buckets) == sorted(set(buckets))
