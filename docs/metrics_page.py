"""Writes `docs/metrics.md` from the table of metrics itself: `make docs`.

Names, labels, buckets and meanings stand in `connectors/telemetry/metrics.py` and nowhere else.
"""

from __future__ import annotations

import sys

from connectors.telemetry.metrics import METRICS, SECONDS_BUCKETS, Metric

HEAD = """\
# Metrics

Each process of the service serves them at `AUGMENT_METRICS_PORT` plus its index in its cluster:
`/metrics` for Prometheus, and two for an orchestrator.

* `/healthz` answers 200 while every lane of the process, its worker's loop and the broker's thread
  moved lately, and 503 when one of them has stood still for 20 s;
* `/readyz` answers 200 while RabbitMQ, S3 and PostgreSQL were there at their last real round trip,
  which is a new one where that was more than 5 s ago, and 503 when one of them is not, or does not
  answer within 2 s.

A server that is down makes a process unready, never unhealthy: it waits that out by itself.

Every number is that of one process, with all its workers (`-w`); sum over processes (`-p`). Every
label is bounded: a `categoria` that the plan does not name counts as `other`, a message without a
valid one as `none`.

| metric | kind | labels | meaning | buckets |
|---|---|---|---|---|
"""

TAIL = """
Beside them stand `process_*` of the Python client (CPU, open files, memory) and `bytewax_*`:
Bytewax's own counts of items and durations by `step_id` and `worker_index`.

## Elsewhere

With `AUGMENT_DOGSTATSD_ADDRESS` a Datadog agent gets the same metrics by UDP, labels as tags, with
`env`, `service` and `version` by `DD_ENV`, `DD_SERVICE` and `DD_VERSION`; histograms as `h`. Three
more have the names of the system before this one:

| metric | kind | meaning |
|---|---|---|
| `augmentations_count` | `c` | variations stored, of committed items |
| `uploads_failed_count` | `c` | uploads that failed |
| `processing_time_ms` | `ms` | from delivered to settled, of items that succeeded |

With `AUGMENT_SENTRY_DSN` (extra `sentry`) Sentry gets every failed attempt, every dead letter and
every error of the service itself. With `AUGMENT_ALERTMANAGER_URL` a dead letter raises the alert
`AugmentDeadLetter`, once in five minutes for each error type and categoria. With
`OTEL_EXPORTER_OTLP_ENDPOINT` (extra `tracing`) each delivery is a span, with its stages below it,
in the trace that the header `traceparent` names; the completion carries it on.

None of these makes an item wait. What a backend does not take is counted in
`augment_telemetry_lost_total` and said once in the log.
"""


def metrics_page() -> str:
    """The whole page, as Markdown."""
    return HEAD + "".join(map(_row, METRICS)) + TAIL


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
    return (
        f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} | {_buckets(metric)} |\n"
    )


def _buckets(metric: Metric) -> str:
    if not metric.buckets:
        return "–"
    unit = "s" if SECONDS_BUCKETS[0] in metric.buckets else "bytes"
    first, last = metric.buckets[0], metric.buckets[-1]
    return f"{len(metric.buckets)}, {first:g} to {last:.10g} {unit}"


if __name__ == "__main__":
    sys.stdout.write(metrics_page())
