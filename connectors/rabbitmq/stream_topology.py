"""A stream beside the work queue: every message that a producer sends goes to both.

The default exchange leads to one queue only. So a fanout exchange of the stream's name leads to
both, and whoever wants a stream has the producer publish to that exchange instead.
"""

from __future__ import annotations

from pika import BlockingConnection
from pika.exceptions import ChannelClosedByBroker

from colecionador.domain.settings import Settings
from connectors.rabbitmq.blocking import blocking_connection
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.queues import QueueSpec
from connectors.rabbitmq.topology import QueueFinding, ensure_queue

MAX_AGE = "30D"
"""What is older goes, a segment at a time. A stream that should keep more is declared by its owner
first, and used as it is."""
SEGMENT_BYTES = 50_000_000

_PRECONDITION_FAILED = 406


def stream_name(queue: str) -> str:
    """The stream of a work queue, where none is named."""
    return f"{queue}.stream"


def declare_stream(settings: Settings, name: str) -> QueueFinding:
    """Make sure that the stream and its exchange exist and that the exchange leads to both queues.

    The work queue must exist. Raises `BrokerError`.
    """
    arguments: dict[str, str | int] = {
        "x-queue-type": "stream",
        "x-max-age": MAX_AGE,
        "x-stream-max-segment-size-bytes": SEGMENT_BYTES,
    }
    with blocking_connection(settings, "stream topology") as connection:
        finding = ensure_queue(connection, QueueSpec(name, "stream", arguments))
        _ensure_exchange(connection, name)
        channel = connection.channel()
        channel.queue_bind(name, name, "")
        channel.queue_bind(settings.queue, name, "")
        return finding


def _ensure_exchange(connection: BlockingConnection, name: str) -> None:
    try:
        connection.channel().exchange_declare(name, "fanout", durable=True)
    except ChannelClosedByBroker as error:
        if error.reply_code != _PRECONDITION_FAILED:
            raise
        raise BrokerError(
            f'exchange "{name}": there, and another than a durable fanout '
            f"({error.reply_text}); choose another name for the stream"
        ) from error
