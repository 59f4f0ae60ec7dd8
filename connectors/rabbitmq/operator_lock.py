"""One operator at a time: a lock that the broker holds for as long as a connection lives."""

from __future__ import annotations

import time

from pika.exceptions import ChannelClosedByBroker

from connectors.rabbitmq.driven_connection import DrivenConnection
from connectors.rabbitmq.parameters import BrokerError

LOCK_SECONDS = 15.0
"""How long to wait for whoever has it."""
_RETRY_SECONDS = 0.25
_RESOURCE_LOCKED = 405


def lock_queue(connection: DrivenConnection, queue: str) -> None:
    """Hold an exclusive queue that stands for `queue`; it goes with the connection.

    Two who look at once would each give back what the other does not have, in the wrong order.
    Raises `BrokerError` where somebody else keeps it.
    """
    name = f"{queue}.operator"
    deadline = time.monotonic() + LOCK_SECONDS
    while not _is_ours(connection, name):
        if time.monotonic() > deadline:
            raise BrokerError(
                f'queue "{queue}": another `augment dlq` works on it; try again when it is done'
            )
        connection.wait_until(lambda: False, _RETRY_SECONDS)


def _is_ours(connection: DrivenConnection, name: str) -> bool:
    channel = connection.channel()
    try:
        connection.ask(lambda done: channel.queue_declare(name, exclusive=True, callback=done))
    except ChannelClosedByBroker as error:
        if error.reply_code != _RESOURCE_LOCKED:
            raise
        return False
    channel.close()
    return True
