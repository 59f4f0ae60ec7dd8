"""A channel with at most one consumer on it, opened again whenever it is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from pika.channel import Channel

from connectors.rabbitmq.backoff import backoff_seconds
from connectors.rabbitmq.io import IoThread
from connectors.rabbitmq.properties import Properties
from connectors.rabbitmq.tolerant_connection import TolerantChannel, TolerantConnection


class ConsumerState(Enum):
    """Where the consumer of a channel stands."""

    NO_CHANNEL = "no channel"
    ABSENT = "absent"
    CONSUMING = "consuming"
    CANCELLING = "cancelling"
    GONE = "gone"
    """The broker cancelled it: its queue is deleted, or its node has left."""


@dataclass(frozen=True, slots=True)
class ConsumerListener:
    """What the owner of a consumer wants to know; all called on the I/O thread."""

    on_delivery: Callable[[int, int, bool, Properties, bytes], None]
    """Generation, delivery tag, redelivered, properties, body."""
    on_change: Callable[[], None]
    """The state is another one."""
    on_lost: Callable[[Exception], None]
    """The channel was closed by the broker or with its connection; it opens again by itself."""


class Consumer:
    """The consumer's state machine; everything here runs on the I/O thread.

    Each channel is a generation, counted on from the clock's nanoseconds, so that no process that
    ran before, or runs beside this one, has had the same.
    """

    def __init__(self, io: IoThread, queue: str, prefetch: int, listener: ConsumerListener) -> None:
        self.state = ConsumerState.NO_CHANNEL
        self._io = io
        self._queue = queue
        self._prefetch = prefetch
        self._listener = listener
        self._connection: TolerantConnection | None = None
        self._channel: TolerantChannel | None = None
        self.generation = time.time_ns()
        self._tag = ""
        self._losses = 0
        self._closed = False

    def connection_opened(self, connection: TolerantConnection) -> None:
        """The connection is open: open the channel."""
        self._connection = connection
        self._open_channel()

    def consume(self) -> None:
        """Start to consume; only from `ABSENT`."""
        assert self._channel is not None
        self.state = ConsumerState.CONSUMING
        self._tag = self._channel.basic_consume(self._queue, _delivered_by_channel)

    def cancel(self) -> None:
        """Stop to consume; only from `CONSUMING`. Deliveries may arrive until it is `ABSENT`."""
        assert self._channel is not None
        channel = self._channel
        self.state = ConsumerState.CANCELLING
        # A delivery may even follow the cancel-ok; one more round trip flushes it.
        channel.basic_cancel(self._tag, callback=lambda _: self._set_prefetch(channel))

    def ack(self, tag: int) -> None:
        """Acknowledge a delivery of the present channel."""
        assert self._channel is not None
        self._channel.basic_ack(tag)

    def drop_channel(self) -> None:
        """Close the channel; what is unacknowledged goes back to the queue."""
        channel, self._channel = self._channel, None
        self.state = ConsumerState.NO_CHANNEL
        if channel is not None and not (channel.is_closed or channel.is_closing):
            channel.close()

    def reopen_later(self) -> None:
        """Open a channel again after a backoff."""
        self._losses += 1
        self._io.call_later(backoff_seconds(self._losses), self._open_channel)

    def close(self) -> None:
        """Close the channel for good."""
        self._closed = True
        self.drop_channel()

    def _open_channel(self) -> None:
        connection = self._connection
        if self._closed or self._channel is not None:
            return
        if connection is not None and connection.is_open:
            self._channel = connection.open_channel(self._channel_opened)
            self._channel.add_on_close_callback(self._channel_closed)

    def _channel_opened(self, channel: TolerantChannel) -> None:
        if channel is not self._channel:
            return
        self.generation += 1
        channel.on_delivery = partial(self._delivered, channel, self.generation)
        channel.add_on_cancel_callback(lambda _: self._cancelled_by_broker(channel))
        self._set_prefetch(channel)

    def _set_prefetch(self, channel: TolerantChannel) -> None:
        if channel is self._channel:
            channel.basic_qos(
                prefetch_count=self._prefetch, callback=lambda _: self._prefetch_set(channel)
            )

    def _prefetch_set(self, channel: TolerantChannel) -> None:
        if channel is self._channel and self.state is not ConsumerState.GONE:
            self.state = ConsumerState.ABSENT
            self._listener.on_change()

    def _cancelled_by_broker(self, channel: TolerantChannel) -> None:
        if channel is self._channel:
            self.state = ConsumerState.GONE
            self._listener.on_change()

    def _delivered(
        self,
        channel: TolerantChannel,
        generation: int,
        tag: int,
        redelivered: bool,
        properties: Properties,
        body: bytes,
    ) -> None:
        if channel is self._channel:
            self._losses = 0
            self._listener.on_delivery(generation, tag, redelivered, properties, body)

    def _channel_closed(self, channel: Channel, reason: Exception) -> None:
        if channel is self._channel:
            self._channel = None
            self.state = ConsumerState.NO_CHANNEL
            self.reopen_later()
            self._listener.on_lost(reason)


def _delivered_by_channel(*_: Any) -> None:
    """Never called: `TolerantChannel.on_delivery` gets every delivery."""
