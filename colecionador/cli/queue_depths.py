"""How many messages wait in each queue of the service."""

from __future__ import annotations

from dataclasses import dataclass

from pika import BlockingConnection
from pika.exceptions import ChannelClosedByBroker

from colecionador.domain.settings import Settings
from connectors.rabbitmq.blocking import blocking_connection
from connectors.rabbitmq.queues import queue_names

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """One queue: messages ready to be delivered, those in flight left out; None: no such queue."""

    name: str
    ready: int | None
    consumers: int


def queue_depths(settings: Settings) -> list[QueueDepth]:
    """Every queue of the service. Raises `BrokerError` where the broker cannot be asked."""
    with blocking_connection(settings, "status") as connection:
        return [_depth(connection, name) for name in queue_names(settings)]


def _depth(connection: BlockingConnection, name: str) -> QueueDepth:
    channel = connection.channel()
    try:
        found = channel.queue_declare(name, passive=True).method
    except ChannelClosedByBroker as error:
        if error.reply_code == NOT_FOUND:
            return QueueDepth(name, None, 0)
        raise
    channel.close()
    return QueueDepth(name, found.message_count, found.consumer_count)
