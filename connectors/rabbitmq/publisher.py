"""Publishing from a command: blocking, with confirms, every message routed or an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pika.exceptions import NackError, UnroutableError

from colecionador.domain.settings import Settings
from connectors.rabbitmq.blocking import blocking_connection
from connectors.rabbitmq.outgoing import OutgoingMessage
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.tolerant_connection import Envelope


def publish_all(
    settings: Settings,
    messages: Iterable[OutgoingMessage],
    on_confirmed: Callable[[int], None] = lambda _: None,
) -> int:
    """Publish each message, mandatory and confirmed; returns how many there were.

    `on_confirmed` is called after each with how many the broker has by then.
    Raises `BrokerError` where the broker is away, refuses a message, or lacks its queue.
    """
    with blocking_connection(settings, "submit") as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        count = 0
        for message in messages:
            try:
                channel.basic_publish(
                    "",
                    message.queue,
                    message.body,
                    Envelope(message.properties),
                    mandatory=True,
                )
            except UnroutableError as error:
                raise BrokerError(
                    f'queue "{message.queue}": missing; create it with `augment init`'
                ) from error
            except NackError as error:
                raise BrokerError(
                    f'queue "{message.queue}": the broker refused the message; is it full?'
                ) from error
            count += 1
            on_confirmed(count)
        return count
