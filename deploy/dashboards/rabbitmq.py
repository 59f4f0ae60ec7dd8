"""RabbitMQ's dashboard: its queues, what flows through it, and what it is short of.

It keeps to metrics that its plugin has from version 3.10 to 4.3.
"""

from __future__ import annotations

from deploy.dashboards.panels import WINDOW, Graph, Query, Row, Stat, dashboard_json

UID = "augment-rabbitmq"

_NOW = Row(
    "Now",
    (
        Stat(
            "Nodes",
            "Metrics endpoints that answer.",
            "short",
            'sum(up{job="rabbitmq"})',
            red_below=1,
        ),
        Stat(
            "Alarms",
            "Memory and disk alarms: while there is one, nobody can publish.",
            "short",
            "max(rabbitmq_alarms_memory_used_watermark)"
            " + max(rabbitmq_alarms_free_disk_space_watermark)",
            red_from=1,
        ),
        Stat("Connections", "Two for each process of ours.", "short", "sum(rabbitmq_connections)"),
        Stat("Messages", "In all queues.", "short", "sum(rabbitmq_queue_messages)"),
    ),
)

_QUEUES = Row(
    "Queues",
    (
        Graph(
            "Ready",
            "Messages that no consumer holds.",
            "short",
            (
                Query(
                    "max by (queue) (rabbitmq_detailed_queue_messages_ready)",
                    "{{queue}}",
                ),
            ),
        ),
        Graph(
            "Unacknowledged",
            "Messages that a consumer holds.",
            "short",
            (
                Query(
                    "max by (queue) (rabbitmq_detailed_queue_messages_unacked)",
                    "{{queue}}",
                ),
            ),
        ),
        Graph(
            "Consumers",
            "Of the work queue: the lanes of all processes.",
            "short",
            (
                Query(
                    "max by (queue) (rabbitmq_detailed_queue_consumers)",
                    "{{queue}}",
                ),
            ),
        ),
    ),
)


def _rate(metric: str) -> str:
    return f"sum(rate(rabbitmq_global_messages_{metric}_total[{WINDOW}]))"


_TRAFFIC = Row(
    "Traffic",
    (
        Graph(
            "In",
            "Published by anybody; what is confirmed is on disk.",
            "ops",
            (
                Query(_rate("received"), "published"),
                Query(_rate("confirmed"), "confirmed"),
                Query(_rate("unroutable_returned"), "returned: no such queue"),
            ),
        ),
        Graph(
            "Out",
            "A redelivery is a message that came back unacknowledged, for instance after a crash.",
            "ops",
            (
                Query(_rate("delivered"), "delivered"),
                Query(_rate("acknowledged"), "acknowledged"),
                Query(_rate("redelivered"), "redelivered"),
            ),
        ),
        Graph(
            "Connections and channels",
            "Opened in five minutes; many of them are somebody who reconnects in a loop.",
            "short",
            (
                Query("sum(increase(rabbitmq_connections_opened_total[5m]))", "connections"),
                Query("sum(increase(rabbitmq_channels_opened_total[5m]))", "channels"),
            ),
        ),
    ),
)

_RESOURCES = Row(
    "Resources",
    (
        Graph(
            "Memory",
            "Above the limit publishers are blocked.",
            "bytes",
            (
                Query("rabbitmq_process_resident_memory_bytes", "{{instance}}"),
                Query("min(rabbitmq_resident_memory_limit_bytes)", "limit"),
            ),
        ),
        Graph(
            "Disk",
            "Below the limit publishers are blocked.",
            "bytes",
            (
                Query("rabbitmq_disk_space_available_bytes", "{{instance}}"),
                Query("max(rabbitmq_disk_space_available_limit_bytes)", "limit"),
            ),
        ),
        Graph(
            "Erlang processes",
            "Used, of the limit.",
            "percentunit",
            (
                Query(
                    "rabbitmq_erlang_processes_used / rabbitmq_erlang_processes_limit",
                    "{{instance}}",
                ),
            ),
        ),
    ),
)


def rabbitmq_dashboard() -> str:
    """The dashboard as JSON."""
    rows = (_NOW, _QUEUES, _TRAFFIC, _RESOURCES)
    return dashboard_json(UID, "RabbitMQ", "The broker of the augmentation service.", rows)
