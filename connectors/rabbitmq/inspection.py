"""Looking at the broker without changing it: depths, consumers, version."""

from __future__ import annotations

from dataclasses import dataclass

from pika import BlockingConnection
from pika.exceptions import ChannelClosedByBroker

from colecionador.domain.settings import Settings
from connectors.rabbitmq.blocking import blocking_connection, broker_version
from connectors.rabbitmq.queues import queue_names


@dataclass(frozen=True, slots=True)
class BrokerView:
    """What the broker tells of itself and of the service's queues."""

    version: str
    depths: dict[str, tuple[int, int] | None]
    """Messages ready and consumers, by queue; None where the queue does not exist."""


def inspect_broker(settings: Settings) -> BrokerView:
    """The broker's version and every queue's depth; raises `BrokerError` where it is away."""
    with blocking_connection(settings, "inspection") as connection:
        depths = {name: _depth(connection, name) for name in queue_names(settings)}
        return BrokerView(broker_version(connection), depths)


def queue_depths(settings: Settings) -> dict[str, tuple[int, int]]:
    """Messages ready and consumers of each queue that exists."""
    depths = inspect_broker(settings).depths
    return {name: depth for name, depth in depths.items() if depth is not None}


def _depth(connection: BlockingConnection, name: str) -> tuple[int, int] | None:
    channel = connection.channel()
    try:
        method = channel.queue_declare(name, passive=True).method
    except ChannelClosedByBroker:
        return None
    channel.close()
    return method.message_count, method.consumer_count
