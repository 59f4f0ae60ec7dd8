"""What goes through the service: throughput, the queue, failures, images."""

from __future__ import annotations

from deploy.dashboards.panels import WINDOW, Graph, Query, Row, quantile

_SETTLED = f'sum(rate(augment_items_total{{outcome!="retried"}}[{WINDOW}]))'
_GOOD = f'sum(rate(augment_items_total{{outcome=~"success|duplicate"}}[{WINDOW}]))'
_SUCCESSES = f'rate(augment_items_total{{outcome="success"}}[{WINDOW}])'

THROUGHPUT = Row(
    "Throughput",
    (
        Graph(
            "Outcomes",
            "Deliveries settled, by outcome. A retry is no end: the item comes again.",
            "ops",
            (Query(f"sum by (outcome) (rate(augment_items_total[{WINDOW}]))", "{{outcome}}"),),
            stacked=True,
        ),
        Graph(
            "Success ratio",
            "Of what came to an end, the part that is a success or a duplicate of one.",
            "percentunit",
            (Query(f"{_GOOD} / {_SETTLED}", "success"),),
        ),
        Graph(
            "Successes by category",
            "A category that the plan does not name is `other`.",
            "ops",
            (
                Query(
                    f"sum by (categoria) ({_SUCCESSES})",
                    "{{categoria}}",
                ),
            ),
            stacked=True,
        ),
    ),
)

QUEUE = Row(
    "Queue",
    (
        Graph(
            "Depth",
            "Messages by where they are.",
            "short",
            (
                Query("augment:work_ready", "ready"),
                Query("augment:work_unacked", "in flight"),
                Query("augment:work_waiting", "waiting for a retry"),
                Query("augment:dead_letters", "dead letters"),
            ),
        ),
        Graph(
            "Age",
            "From published to delivered, of messages that have a timestamp.",
            "s",
            (
                Query(quantile(0.5, "augment_queue_seconds"), "half within"),
                Query(quantile(0.95, "augment_queue_seconds"), "95 % within"),
            ),
        ),
        Graph(
            "Time to drain",
            "What there is to do, at the rate of the last five minutes.",
            "s",
            (Query("augment:work / augment:settled:rate5m", "to an empty queue"),),
        ),
    ),
)

FAILURES = Row(
    "Failures",
    (
        Graph(
            "Retries",
            "Messages to a wait room in 5 minutes, by what failed.",
            "short",
            (Query("sum by (error_type) (increase(augment_retries_total[5m]))", "{{error_type}}"),),
            stacked=True,
        ),
        Graph(
            "Dead letters",
            "Messages to the dead letters in 5 minutes, by what failed.",
            "short",
            (
                Query(
                    "sum by (error_type) (increase(augment_dead_letters_total[5m]))",
                    "{{error_type}}",
                ),
            ),
            stacked=True,
        ),
        Graph(
            "Error budget",
            "Of what came to an end, the part that is a dead letter; 1 % is the aim.",
            "percentunit",
            (
                Query("augment:dead_letter_ratio:rate5m", "5 minutes"),
                Query("augment:dead_letter_ratio:rate1h", "1 hour"),
                Query("augment:dead_letter_ratio:rate6h", "6 hours"),
            ),
        ),
    ),
)

IMAGES = Row(
    "Images",
    (
        Graph(
            "Low quality",
            "Of the successes of each category, the part that is flagged as of low quality.",
            "percentunit",
            (
                Query(
                    f"sum by (categoria) (rate(augment_low_quality_total[{WINDOW}]))"
                    f" / sum by (categoria) ({_SUCCESSES})",
                    "{{categoria}}",
                ),
            ),
        ),
        Graph(
            "Variations",
            "Stored and skipped, of committed items.",
            "ops",
            (Query(f"sum by (outcome) (rate(augment_variations_total[{WINDOW}]))", "{{outcome}}"),),
            stacked=True,
        ),
        Graph(
            "Sizes",
            "Of files, on average.",
            "bytes",
            tuple(
                Query(
                    f"sum(rate({metric}_sum[{WINDOW}])) / sum(rate({metric}_count[{WINDOW}]))",
                    name,
                )
                for metric, name in (
                    ("augment_source_bytes", "source"),
                    ("augment_variation_bytes", "variation"),
                )
            ),
        ),
    ),
)
