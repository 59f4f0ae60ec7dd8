"""A lane: one channel with one consumer on the work queue, opened again whenever it is lost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any

from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker

from colecionador.domain.events import (
    Delivered,
    Dependency,
    DependencyCalled,
    Notice,
    Released,
    Settled,
)
from colecionador.domain.messages import Delivery, DeliveryId
from colecionador.domain.ports import Telemetry
from colecionador.domain.settings import Settings
from colecionador.domain.settlements import Settlement
from connectors.rabbitmq.backoff import backoff_seconds
from connectors.rabbitmq.confirmed_publisher import ConfirmedPublisher, Publication
from connectors.rabbitmq.inbound import receive
from connectors.rabbitmq.io import IoThread
from connectors.rabbitmq.outgoing import outgoing_message
from connectors.rabbitmq.properties import Properties
from connectors.rabbitmq.tolerant_connection import TolerantChannel, TolerantConnection
from connectors.rabbitmq.unsettled import Unsettled

_NOT_FOUND = 404


class _Consumer(Enum):
    ABSENT = "absent"
    CONSUMING = "consuming"
    CANCELLING = "cancelling"
    GONE = "gone"
    """The broker cancelled it: its queue is deleted, or its node has left."""


@dataclass(frozen=True, slots=True)
class LaneContext:
    """What a lane needs of its process; used on the I/O thread."""

    settings: Settings
    telemetry: Telemetry
    io: IoThread
    publisher: ConfirmedPublisher
    may_consume: Callable[[], bool]
    is_draining: Callable[[], bool]
    on_missing_queue: Callable[[], None]


class RabbitLane:
    """The state machine of one lane.

    `take` and `ended` are for the lane's worker; all else runs on the I/O thread. Each channel is
    a generation: its deliveries can be settled on it alone, so they are forgotten when it closes.
    It consumes only while nothing of an earlier consumer is unsettled, so that prefetch bounds
    what the lane holds also after a pause.
    """

    def __init__(self, name: str, context: LaneContext) -> None:
        self.name = name
        self.inbox: deque[Delivery] = deque()
        self.ended = False
        self._context = context
        self._unsettled = Unsettled()
        self._connection: TolerantConnection | None = None
        self._channel: TolerantChannel | None = None
        self._generation = 0
        self._consumer = _Consumer.ABSENT
        self._consumer_tag = ""
        self._ready = False
        self._ending = False
        self._closed = False
        self._losses = 0

    def connection_opened(self, connection: TolerantConnection) -> None:
        """The consuming connection is open: open the channel."""
        self._connection = connection
        self._open_channel()

    def take(self) -> Sequence[Delivery]:
        """What is in the inbox; from any one thread."""
        taken = []
        # Not by its length: the I/O thread may clear it meanwhile.
        with suppress(IndexError):
            while True:
                taken.append(self.inbox.popleft())
        return taken

    def reconcile(self) -> None:
        """Do the next step from what is to what should be; called after every change."""
        wanted = self._context.may_consume() and not (self._ending or self._closed or self.ended)
        idle = len(self._unsettled) == 0
        if self._consumer is _Consumer.CONSUMING and not wanted:
            self._cancel()
        elif self._consumer is _Consumer.ABSENT and wanted and self._ready and idle:
            self._consume()
        elif self._consumer is _Consumer.GONE and idle:
            self.recycle("its consumer was cancelled by the broker")
        if self._context.is_draining() and idle and self._consumer is not _Consumer.CANCELLING:
            self.ended = True

    def settle(self, settlement: Settlement) -> None:
        """Publish what the settlement says; its confirm acks the delivery."""
        original = self._unsettled.claim(settlement.delivery)
        if original is None:
            self._notice("debug", "stale_settlement", message_id=settlement.subject.message_id)
            return
        message = outgoing_message(
            settlement, original, self._context.settings, datetime.now(tz=UTC)
        )
        publication = Publication(
            message,
            is_wanted=partial(self._unsettled.holds, settlement.delivery),
            on_confirmed=partial(self._confirmed, settlement, time.monotonic()),
        )
        self._context.publisher.publish((publication,))

    def sampled(self, quiet: bool) -> None:
        """Without any work left, stop consuming; and end, when there is still none after that."""
        if self._context.is_draining() or self._closed or self.ended:
            return
        idle = quiet and len(self._unsettled) == 0
        if idle and self._ending and self._consumer is _Consumer.ABSENT:
            self.ended = True
        elif idle is not self._ending:
            self._ending = idle
            self.reconcile()

    def hand_back_if_older(self, seconds: float) -> None:
        """Give deliveries back that a pause has kept too long; the broker would take them."""
        oldest = self._unsettled.oldest()
        if oldest is not None and time.time() - oldest > seconds:
            self.recycle("its deliveries were held for too long")

    def recycle(self, reason: str) -> None:
        """Close the channel and open another; what is unsettled goes back to the queue."""
        self._notice("warning", "lane_recycled", reason=reason)
        self._let_go()
        self._reopen_later()

    def end(self) -> None:
        """End now, whatever is unsettled; it goes back to the queue."""
        self._let_go()
        self.ended = True

    def close(self) -> None:
        """Close the channel for good."""
        self._closed = True
        self._let_go()

    def _open_channel(self) -> None:
        connection = self._connection
        if self._closed or self.ended or self._channel is not None:
            return
        if connection is not None and connection.is_open:
            self._channel = connection.open_channel(self._channel_opened)
            self._channel.add_on_close_callback(self._channel_closed)

    def _channel_opened(self, channel: TolerantChannel) -> None:
        if channel is not self._channel:
            return
        self._generation += 1
        channel.on_delivery = partial(self._deliver, channel, self._generation)
        channel.add_on_cancel_callback(lambda _: self._cancelled_by_broker())
        self._set_prefetch(channel, self._prefetch_set)

    def _prefetch_set(self) -> None:
        self._ready = True
        self.reconcile()

    def _set_prefetch(self, channel: Channel, then: Callable[[], None]) -> None:
        if channel is self._channel:
            channel.basic_qos(
                prefetch_count=self._context.settings.prefetch,
                callback=lambda _: then() if channel is self._channel else None,
            )

    def _consume(self) -> None:
        assert self._channel is not None
        self._consumer = _Consumer.CONSUMING
        self._consumer_tag = self._channel.basic_consume(
            self._context.settings.queue, _delivered_by_channel
        )

    def _cancel(self) -> None:
        assert self._channel is not None
        channel = self._channel
        self._consumer = _Consumer.CANCELLING
        # Deliveries may follow the cancel-ok; one more round trip on the channel flushes them.
        channel.basic_cancel(
            self._consumer_tag,
            callback=lambda _: self._set_prefetch(channel, self._cancelled),
        )

    def _cancelled(self) -> None:
        self._consumer = _Consumer.ABSENT
        self.reconcile()

    def _cancelled_by_broker(self) -> None:
        self._consumer = _Consumer.GONE
        self._context.on_missing_queue()
        self.reconcile()

    def _deliver(
        self,
        channel: Channel,
        generation: int,
        tag: int,
        redelivered: bool,
        properties: Properties,
        body: bytes,
    ) -> None:
        if channel is not self._channel:
            return
        delivery_id = DeliveryId(self.name, generation, tag)
        original = receive(delivery_id, redelivered, properties, body, time.time())
        delivery = original.delivery
        self._losses = 0
        self._ending = False
        self._unsettled.add(original)
        self._context.telemetry.emit(
            Delivered(
                delivery_id, delivery.message_id, delivery.attempt, redelivered, delivery.queue_ms
            )
        )
        self.inbox.append(delivery)

    def _confirmed(self, settlement: Settlement, since: float, round_trip: float) -> None:
        """The outcome is published for certain: ack the delivery on the channel it came from."""
        if not self._unsettled.remove(settlement.delivery):
            return
        assert self._channel is not None
        self._channel.basic_ack(settlement.delivery.tag)
        telemetry = self._context.telemetry
        telemetry.emit(DependencyCalled(Dependency.RABBITMQ, "publish", round_trip))
        telemetry.emit(Settled(settlement, time.monotonic() - since))
        self.reconcile()

    def _channel_closed(self, channel: Channel, reason: Exception) -> None:
        if channel is not self._channel:
            return
        self._let_go()
        if isinstance(reason, ChannelClosedByBroker):
            self._notice("warning", "lane_channel_closed", reason=str(reason))
            if reason.reply_code == _NOT_FOUND:
                self._context.on_missing_queue()
        self._reopen_later()
        self.reconcile()

    def _reopen_later(self) -> None:
        self._losses += 1
        self._context.io.call_later(backoff_seconds(self._losses), self._open_channel)

    def _let_go(self) -> None:
        channel, self._channel = self._channel, None
        self._consumer = _Consumer.ABSENT
        self._ready = False
        self._ending = False
        self.inbox.clear()
        for delivery_id in self._unsettled.let_go():
            self._context.telemetry.emit(Released(delivery_id))
        if channel is not None and not (channel.is_closed or channel.is_closing):
            channel.close()

    def _notice(self, level: str, event: str, **fields: str) -> None:
        self._context.telemetry.emit(Notice(level, event, (("lane", self.name), *fields.items())))


def _delivered_by_channel(*_: Any) -> None:
    """Never called: `TolerantChannel.on_delivery` gets every delivery."""
