"""Publishing with confirms: a publication is repeated until the broker has it for certain."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from colecionador.domain.events import Notice
from colecionador.domain.ports import Telemetry
from connectors.rabbitmq.backoff import backoff_seconds
from connectors.rabbitmq.io import IoThread
from connectors.rabbitmq.outgoing import OutgoingMessage
from connectors.rabbitmq.properties import fit_properties
from connectors.rabbitmq.tolerant_connection import Envelope, TolerantConnection

WINDOW = 256
"""Publications that await their confirms, at most."""

FRAME_RESERVE_BYTES = 4096
"""Room in a frame for what the broker adds to a message's headers on its way."""


@dataclass(slots=True, eq=False)
class Publication:
    """One message to publish, and whom to tell."""

    message: OutgoingMessage
    is_wanted: Callable[[], bool]
    """Asked before each sending: a publication nobody wants any more is dropped."""
    on_confirmed: Callable[[float], None]
    """Called once with the seconds from the sending to its confirm."""
    tries: int = 0
    sent_at: float = 0.0
    returned: bool = False


class ConfirmedPublisher:
    """A confirm channel on the publishing connection, with a window of outstanding publications.

    What the broker nacks, returns, or leaves unconfirmed when the connection is lost, is sent
    again after a backoff. Everything here runs on the I/O thread.
    """

    def __init__(
        self,
        io: IoThread,
        telemetry: Telemetry,
        on_missing_queue: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        """`on_change` is called whenever `takes` may have changed."""
        self._io = io
        self._telemetry = telemetry
        self._on_missing_queue = on_missing_queue
        self._on_change = on_change
        self._connection: TolerantConnection | None = None
        self._channel: Channel | None = None
        self._ready = False
        self._blocked = False
        self._next_tag = 1
        self._channel_losses = 0
        self._pending: deque[Publication] = deque()
        self._outstanding: dict[int, Publication] = {}
        self._refusing: set[str] = set()

    @property
    def takes(self) -> bool:
        """Whether the broker takes publishes now, as far as is known."""
        return self._ready and not self._blocked

    def publish(self, publications: Iterable[Publication]) -> None:
        """Send these as soon as the window and the broker allow."""
        self._pending.extend(publications)
        self._flush()

    def connection_opened(self, connection: TolerantConnection) -> None:
        """The publishing connection is open: open the confirm channel."""
        self._connection = connection
        self._blocked = False
        self._open_channel()

    def connection_lost(self) -> None:
        """The publishing connection is gone, and the channel with it."""
        self._connection = None
        self._channel_gone()

    def set_blocked(self, blocked: bool) -> None:
        """The broker takes no publishes (True), or takes them again."""
        self._blocked = blocked
        self._on_change()
        self._flush()

    def _open_channel(self) -> None:
        if self._connection is not None and self._connection.is_open and self._channel is None:
            self._channel = self._connection.open_channel(self._channel_opened)
            self._channel.add_on_close_callback(self._channel_closed)
            self._channel.add_on_return_callback(self._returned)

    def _channel_opened(self, channel: Channel) -> None:
        channel.confirm_delivery(self._settled, callback=lambda _: self._confirming())

    def _confirming(self) -> None:
        self._next_tag = 1
        self._ready = True
        self._on_change()
        self._flush()

    def _channel_closed(self, channel: Channel, reason: Exception) -> None:
        if channel is not self._channel:
            return
        self._channel_gone()
        if self._connection is not None and self._connection.is_open:
            self._telemetry.emit(_notice("Publishing channel closed", reason=str(reason)))
            self._channel_losses += 1
            self._io.call_later(backoff_seconds(self._channel_losses), self._open_channel)

    def _channel_gone(self) -> None:
        self._channel = None
        self._ready = False
        outstanding, self._outstanding = self._outstanding, {}
        self._pending.extendleft(reversed(outstanding.values()))
        self._on_change()

    def _flush(self) -> None:
        while self._pending and self.takes:
            if len(self._outstanding) >= WINDOW:
                return
            publication = self._pending.popleft()
            if publication.is_wanted():
                self._send(publication)

    def _send(self, publication: Publication) -> None:
        assert self._channel is not None
        assert self._connection is not None
        message = publication.message
        limit = self._connection.params.frame_max - FRAME_RESERVE_BYTES
        properties, given_up = fit_properties(message.properties, limit)
        if given_up:
            self._telemetry.emit(
                _notice("Headers given up", queue=message.queue, headers=", ".join(given_up))
            )
        publication.returned = False
        publication.sent_at = time.monotonic()
        self._outstanding[self._next_tag] = publication
        self._next_tag += 1
        self._channel.basic_publish(
            "", message.queue, message.body, Envelope(properties), mandatory=True
        )

    def _returned(
        self, _: Channel, method: Basic.Return, properties: BasicProperties, __: bytes
    ) -> None:
        """Mark what the broker could not route; its confirm follows on the same channel.

        A return names no delivery tag. Of several publications alike all are marked, also one
        that did arrive: it is published twice, never lost.
        """
        message_id = properties.properties.message_id if isinstance(properties, Envelope) else None
        for publication in self._outstanding.values():
            message = publication.message
            if message.queue == method.routing_key and message.properties.message_id == message_id:
                publication.returned = True

    def _settled(self, frame: Method[Any]) -> None:
        method = frame.method
        acked = isinstance(method, Basic.Ack)
        for publication in self._taken(method.delivery_tag, method.multiple):
            if acked and not publication.returned:
                self._channel_losses = 0
                self._accepted(publication.message.queue)
                publication.on_confirmed(time.monotonic() - publication.sent_at)
            else:
                self._refused(publication)
        self._flush()

    def _taken(self, tag: int, multiple: bool) -> list[Publication]:
        """The publications that a confirm is about; they are no longer outstanding."""
        tags = [known for known in self._outstanding if known <= tag] if multiple else [tag]
        found = (self._outstanding.pop(known, None) for known in tags)
        return [publication for publication in found if publication is not None]

    def _refused(self, publication: Publication) -> None:
        publication.tries += 1
        wait = backoff_seconds(publication.tries)
        queue = publication.message.queue
        if queue not in self._refusing:
            self._refusing.add(queue)
            reason = "no such queue" if publication.returned else "refused by the broker"
            self._telemetry.emit(_notice("Publish refused", queue=queue, reason=reason))
        if publication.returned:
            self._on_missing_queue()
        self._io.call_later(wait, lambda: self.publish((publication,)))

    def _accepted(self, queue: str) -> None:
        if queue in self._refusing:
            self._refusing.discard(queue)
            self._telemetry.emit(Notice("info", "Publish accepted again", (("queue", queue),)))


def _notice(event: str, **fields: str | float) -> Notice:
    return Notice("warning", event, tuple(fields.items()))
