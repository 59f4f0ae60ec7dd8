"""How many messages of a queue nobody holds, asked on a connection that is open already."""

from __future__ import annotations

from pika.exceptions import ChannelClosedByBroker

from connectors.rabbitmq.driven_connection import DrivenConnection
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.tolerant_connection import TolerantChannel

_NOT_FOUND = 404


def messages_ready(
    connection: DrivenConnection,
    queue: str,
    channel: TolerantChannel | None = None,
    missing: str = "create it with `augment init`",
) -> int:
    """The count, asked on a channel of its own unless one is given.

    Raises `BrokerError` with the remedy `missing` where there is no such queue.
    """
    asked = channel or connection.channel()
    try:
        found = connection.ask(lambda done: asked.queue_declare(queue, passive=True, callback=done))
    except ChannelClosedByBroker as error:
        if error.reply_code != _NOT_FOUND:
            raise
        raise BrokerError(f'queue "{queue}": missing; {missing}') from error
    if channel is None:
        asked.close()
    return int(found.message_count)
