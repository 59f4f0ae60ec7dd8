"""How the service fares: its latency, its dependencies, its processes."""

from __future__ import annotations

from deploy.dashboards.panels import WINDOW, Graph, Query, Row, quantile

LATENCY = Row(
    "Latency",
    (
        Graph(
            "Item",
            "From delivered to settled, of successes.",
            "s",
            tuple(
                Query(quantile(level, "augment_item_seconds"), f"{level:.0%} within")
                for level in (0.5, 0.95, 0.99)
            ),
        ),
        Graph(
            "Stages, the middle",
            "Half of the calls take at most so long. Transform to upload are one variation each.",
            "s",
            (Query(quantile(0.5, "augment_stage_seconds", "stage"), "{{stage}}"),),
        ),
        Graph(
            "Stages, the slow ones",
            "95 % of the calls take at most so long.",
            "s",
            (Query(quantile(0.95, "augment_stage_seconds", "stage"), "{{stage}}"),),
        ),
        Graph(
            "Stages, the slowest",
            "99 % of the calls take at most so long.",
            "s",
            (Query(quantile(0.99, "augment_stage_seconds", "stage"), "{{stage}}"),),
        ),
    ),
)

DEPENDENCIES = Row(
    "Dependencies",
    (
        Graph(
            "Round trips",
            "95 % of the round trips take at most so long.",
            "s",
            (
                Query(
                    quantile(0.95, "augment_dependency_seconds", "dependency", "operation"),
                    "{{dependency}} {{operation}}",
                ),
            ),
        ),
        Graph(
            "Calls",
            "Round trips, whatever came of them.",
            "ops",
            (
                Query(
                    "sum by (dependency, operation)"
                    f" (rate(augment_dependency_seconds_count[{WINDOW}]))",
                    "{{dependency}} {{operation}}",
                ),
            ),
        ),
        Graph(
            "Up",
            "1 where every process reaches it. While it is 0, work waits and costs no attempt.",
            "short",
            (Query("min by (dependency) (augment_dependency_up)", "{{dependency}}"),),
        ),
    ),
)

PROCESSES = Row(
    "Processes",
    (
        Graph(
            "Memory",
            "Resident, of each process without its child for suspects, and the limit.",
            "bytes",
            (
                Query("augment_worker_resident_memory_bytes", "{{instance}}"),
                Query("augment:memory_limit_bytes", "limit"),
            ),
        ),
        Graph(
            "Processor",
            "Cores that each process keeps busy.",
            "short",
            (Query(f'rate(process_cpu_seconds_total{{job="augment"}}[{WINDOW}])', "{{instance}}"),),
        ),
        Graph(
            "In flight",
            "Deliveries that each process has not settled; at most lanes × prefetch.",
            "short",
            (Query("augment_items_in_flight", "{{instance}}"),),
        ),
        Graph(
            "Workers",
            "Deliveries brought to their outcome by each worker of each process.",
            "ops",
            (
                Query(
                    f"sum by (instance, worker_index) (rate(augment_worker_items_total[{WINDOW}]))",
                    "{{instance}} worker {{worker_index}}",
                ),
            ),
        ),
    ),
)
