"""The service's dashboard: does it work, how fast, what fails and why."""

from __future__ import annotations

from deploy.dashboards.flow_rows import FAILURES, IMAGES, QUEUE, THROUGHPUT
from deploy.dashboards.panels import Row, Stat, dashboard_json
from deploy.dashboards.process_rows import DEPENDENCIES, LATENCY, PROCESSES

UID = "augment-service"

_NOW = Row(
    "Now",
    (
        Stat(
            "Settled",
            "Items that came to an end: success, duplicate or dead letter.",
            "ops",
            "augment:settled:rate5m",
        ),
        Stat(
            "Success ratio",
            "Of what came to an end, the part that is no dead letter.",
            "percentunit",
            "1 - augment:dead_letter_ratio:rate1h",
            red_below=0.99,
        ),
        Stat("Work", "Ready, in flight and in the wait rooms.", "short", "augment:work"),
        Stat(
            "Dead letters",
            "In the dead-letter queue, to be looked at: augment dlq list.",
            "short",
            "augment:dead_letters",
            red_from=1,
        ),
        Stat(
            "Processes",
            "Metrics endpoints that answer.",
            "short",
            'sum(up{job="augment"})',
            red_below=1,
        ),
        Stat(
            "Dependencies",
            "1 where every process reaches every server.",
            "short",
            "min(augment_dependency_up)",
            red_below=1,
        ),
    ),
)


def service_dashboard() -> str:
    """The dashboard as JSON."""
    rows = (_NOW, THROUGHPUT, QUEUE, LATENCY, DEPENDENCIES, FAILURES, IMAGES, PROCESSES)
    return dashboard_json(UID, "Augmentations", "The augmentation service, end to end.", rows)
