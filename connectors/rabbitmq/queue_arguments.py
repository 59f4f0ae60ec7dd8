"""The arguments that an existing queue has, learned over AMQP alone.

Declaring a queue that exists makes nothing: the broker compares, and names the first argument that
differs with the value in force. Told that value, it names the next, until nothing differs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pika.exceptions import ChannelClosedByBroker

from connectors.rabbitmq.driven_connection import DrivenConnection

DEFAULT_DELIVERY_LIMIT = 20
"""Of a quorum queue without an own one, since RabbitMQ 4."""

_PRECONDITION_FAILED = 406
_TRIES = 20
_DIFFERENCE = re.compile(
    r"inequivalent arg '([^']+)'.* current is (?:the value )?(?:'([^']*)'|none)"
)

Arguments = Mapping[str, str | int]


def queue_arguments(connection: DrivenConnection, queue: str, expected: Arguments) -> Arguments:
    """The arguments of a durable queue that exists, starting from what it should have."""
    arguments = dict(expected)
    for _ in range(_TRIES):
        difference = _difference(connection, queue, arguments)
        found = _DIFFERENCE.search(difference)
        if found is None:
            break
        name, value = found.groups()
        if value is None:
            arguments.pop(name, None)
        else:
            arguments[name] = int(value) if re.fullmatch(r"-?\d+", value) else value
    return arguments


def delivery_limit(arguments: Arguments, broker_major: int) -> int | None:
    """How many returns a message of this queue survives; None: any number.

    A policy may say otherwise, which AMQP does not tell.
    """
    if arguments.get("x-queue-type") != "quorum":
        return None
    limit = arguments.get("x-delivery-limit")
    if broker_major >= 4:
        limit = DEFAULT_DELIVERY_LIMIT if limit is None else limit
        return None if int(limit) < 0 else int(limit)
    return None if limit is None else int(limit)


def _difference(connection: DrivenConnection, queue: str, arguments: Arguments) -> str:
    """What the broker says of a declaration with these arguments; empty where they are right."""
    channel = connection.channel()
    try:
        connection.ask(
            lambda done: channel.queue_declare(
                queue, durable=True, arguments=dict(arguments), callback=done
            )
        )
    except ChannelClosedByBroker as error:
        if error.reply_code != _PRECONDITION_FAILED:
            raise
        return str(error.reply_text)
    channel.close()
    return ""
