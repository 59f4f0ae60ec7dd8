"""A stream, read over AMQP 0-9-1 from a position up to what was last when reading began.

A stream keeps its messages when they are read; each has an offset, and those that the broker took
together (a chunk) have one moment. Over AMQP 0-9-1 (seen on RabbitMQ 3.10):

* a passive declaration's message count is up to five seconds old, so it cannot tell the end. The
  last chunk can: a consumer that starts at `last` is given all of it at once;
* a moment is looked up by whole seconds, and leads to the first chunk from then on;
* a consumer's acknowledgements move nothing but the window of what may be on its way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from colecionador.domain.messages import DeliveryId
from colecionador.domain.settings import Settings
from connectors.rabbitmq.confirm_window import ConfirmWindow
from connectors.rabbitmq.depth import messages_ready
from connectors.rabbitmq.driven_connection import DrivenConnection, driven_connection
from connectors.rabbitmq.field_table import read_integer
from connectors.rabbitmq.headers import STREAM_OFFSET
from connectors.rabbitmq.inbound import Original, receive
from connectors.rabbitmq.outgoing import repeated_message
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.properties import Properties, with_headers
from connectors.rabbitmq.queue_arguments import queue_arguments
from connectors.rabbitmq.tolerant_connection import TolerantChannel

PREFETCH = 256
LARGEST_CHUNK = 20_000
"""Messages of a chunk, at most; the broker makes them far smaller."""

EMPTY_SECONDS = 6.0
"""A count of nothing that is this old is true."""
SILENT_SECONDS = 60.0

Position = str | int | datetime
"""`first`, `last`, an offset, or a moment."""


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message of a stream, as its producer sent it."""

    offset: int
    original: Original
    consumer: str
    """Of the consumer that it was delivered to: its tag."""


class Stream:
    """A stream as it is when this is made."""

    def __init__(self, connection: DrivenConnection, settings: Settings, name: str) -> None:
        self._connection = connection
        self._work_queue = settings.queue
        self._name = name
        self._window = ConfirmWindow(connection)
        self.last = self._find_last()
        """The offset of the last message; None where there is none."""

    def first_since(self, moment: datetime) -> int | None:
        """The offset of the first message that the broker took from this second on.

        None where there is none up to `last`.
        """
        if self.last is None:
            return None
        channel, arrivals = self._channel(1)
        wanted = self._consume(channel, moment)
        # The broker serves both in turn: when the last message is here, so is the one wanted.
        last = self._consume(channel, self.last)
        self._wait(lambda: any(arrival.consumer == last for arrival in arrivals))
        channel.close()
        found = [arrival.offset for arrival in arrivals if arrival.consumer == wanted]
        return found[0] if found and found[0] <= self.last else None

    def messages(self, start: Position, end: int) -> Iterator[StreamMessage]:
        """The messages from `start` to the offset `end`, which must be in the stream."""
        channel, arrivals = self._channel(PREFETCH)
        self._consume(channel, start)
        while True:
            self._wait(lambda: arrivals)
            message = arrivals.popleft()
            if message.offset > end:
                break
            yield message
            channel.basic_ack(message.original.delivery.id.tag)
            if message.offset == end:
                break
        channel.close()

    def replay(self, message: StreamMessage, on_done: Callable[[], None]) -> None:
        """Put a message into the work queue; `on_done` is called once the broker has it."""
        self._window.publish(repeated_message(self._work_queue, message.original), on_done)

    def flush(self) -> None:
        """Return when the broker has all that was put into the work queue."""
        self._window.flush()

    def _find_last(self) -> int | None:
        channel, arrivals = self._channel(LARGEST_CHUNK)
        self._consume(channel, "last")
        if not self._connection.wait_until(lambda: arrivals, EMPTY_SECONDS):
            if messages_ready(self._connection, self._name) == 0:
                return None
            self._wait(lambda: arrivals)
        # The rest of the chunk came before the answer to what is asked now.
        messages_ready(self._connection, self._name, channel)
        channel.close()
        return max(message.offset for message in arrivals)

    def _channel(self, prefetch: int) -> tuple[TolerantChannel, deque[StreamMessage]]:
        """A channel, and what will have arrived on it."""
        channel = self._connection.channel()
        arrivals: deque[StreamMessage] = deque()

        def arrived(tag: int, _: bool, properties: Properties, body: bytes) -> None:
            arrivals.append(_message(tag, properties, body, channel.consumer))

        channel.on_delivery = arrived
        self._connection.ask(lambda done: channel.basic_qos(prefetch_count=prefetch, callback=done))
        return channel, arrivals

    def _consume(self, channel: TolerantChannel, position: Position) -> str:
        answer = self._connection.ask(
            lambda done: channel.basic_consume(
                self._name,
                _delivered_by_channel,
                arguments={STREAM_OFFSET: position},
                callback=done,
            )
        )
        return str(answer.consumer_tag)

    def _wait(self, condition: Callable[[], object]) -> None:
        if not self._connection.wait_until(condition, SILENT_SECONDS):
            raise BrokerError(f'stream "{self._name}": silent for {SILENT_SECONDS:g} s; try again')


@contextmanager
def open_stream(settings: Settings, name: str) -> Iterator[Stream]:
    """A stream for the length of a `with`. Raises `BrokerError`, also where it is no stream."""
    with driven_connection(settings, "stream") as connection:
        messages_ready(connection, name, missing=f"make it with: augment init --stream {name}")
        found = queue_arguments(connection, name, {"x-queue-type": "stream"})
        if found.get("x-queue-type") != "stream":
            raise BrokerError(f'"{name}" is a queue and no stream; reading would empty it')
        yield Stream(connection, settings, name)


def _message(tag: int, properties: Properties, body: bytes, consumer: str) -> StreamMessage:
    field = properties.header(STREAM_OFFSET)
    offset = read_integer(field) if field else None
    sent = with_headers(properties, (), (STREAM_OFFSET,))
    if not sent.headers:
        sent = replace(sent, headers=None)
    original = receive(DeliveryId("stream", 0, tag), False, sent, body, 0.0)
    return StreamMessage(-1 if offset is None else offset, original, consumer)


def _delivered_by_channel(*_: object) -> None:
    """Never called: `TolerantChannel.on_delivery` gets every delivery."""
