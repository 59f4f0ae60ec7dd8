"""A lane: what one consumer delivers, until each delivery is settled or let go."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

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
from colecionador.domain.tracing import StartTrace
from connectors.rabbitmq.confirmed_publisher import ConfirmedPublisher, Publication
from connectors.rabbitmq.consumer import Consumer, ConsumerListener, ConsumerState
from connectors.rabbitmq.inbound import Original, receive
from connectors.rabbitmq.io import IoThread
from connectors.rabbitmq.outgoing import outgoing_message
from connectors.rabbitmq.properties import Properties
from connectors.rabbitmq.tolerant_connection import TolerantConnection
from connectors.rabbitmq.unsettled import Unsettled

_NOT_FOUND = 404


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
    start_trace: StartTrace


class RabbitLane:
    """The state machine of one lane.

    `take`, `ended` and `released` are for the lane's worker; all else runs on the I/O thread. A
    delivery can be settled only on the channel that it came from, so all are forgotten when that
    closes. The lane consumes only while nothing of an earlier consumer is unsettled, so that
    prefetch bounds what it holds also after a pause.
    """

    def __init__(self, name: str, context: LaneContext) -> None:
        self.name = name
        self.ended = False
        self.released = 0
        self._context = context
        self._inbox: deque[Delivery] = deque()
        self._unsettled = Unsettled()
        self._ending = False
        self._closed = False
        self._consumer = Consumer(
            context.io,
            context.settings.queue,
            context.settings.prefetch,
            ConsumerListener(self._delivered, self.reconcile, self._channel_lost),
        )

    def take(self) -> Sequence[Delivery]:
        """What has arrived since the last call; from any one thread."""
        if not self._inbox:
            return ()
        taken = []
        # Not by its length: the I/O thread may clear it meanwhile.
        with suppress(IndexError):
            while True:
                taken.append(self._inbox.popleft())
        return taken

    def connection_opened(self, connection: TolerantConnection) -> None:
        """The consuming connection is open."""
        if not (self._closed or self.ended):
            self._consumer.connection_opened(connection)

    def reconcile(self) -> None:
        """Do the next step from what is to what should be; called after every change."""
        if self._closed or self.ended:
            return
        wanted = self._context.may_consume() and not self._ending
        nothing_held = len(self._unsettled) == 0
        match self._consumer.state:
            case ConsumerState.CONSUMING if not wanted:
                self._consumer.cancel()
            case ConsumerState.ABSENT if wanted and nothing_held:
                self._consumer.consume()
            case ConsumerState.GONE:
                self._context.on_missing_queue()
                if nothing_held:
                    self._recycle("the broker cancelled its consumer")
        at_rest = self._consumer.state not in {ConsumerState.CONSUMING, ConsumerState.CANCELLING}
        if self._context.is_draining() and nothing_held and at_rest:
            self.ended = True

    def settle(self, settlement: Settlement) -> None:
        """Publish what the settlement says; its confirm acks the delivery."""
        original = self._unsettled.claim(settlement.delivery)
        if original is None:
            self._notice(
                "debug", "Stale settlement dropped", message_id=settlement.subject.message_id
            )
            return
        message = outgoing_message(
            settlement, original, self._context.settings, datetime.now(tz=UTC)
        )
        publication = Publication(
            message,
            is_wanted=partial(self._unsettled.holds, settlement.delivery),
            on_confirmed=partial(self._confirmed, settlement, original, time.monotonic()),
        )
        self._context.publisher.publish((publication,))

    def sampled(self, quiet: bool) -> None:
        """Without any work left, stop to consume; end, when there is still none after that."""
        if self._context.is_draining() or self._closed or self.ended:
            return
        idle = quiet and len(self._unsettled) == 0
        if idle and self._ending and self._consumer.state is ConsumerState.ABSENT:
            self.ended = True
        elif idle is not self._ending:
            self._ending = idle
            self.reconcile()

    def hand_back_if_older(self, seconds: float) -> None:
        """Give deliveries back that a pause has kept too long; the broker would take them."""
        if self._unsettled.longest_held_seconds() > seconds:
            self._recycle("its deliveries were held for too long")

    def end(self) -> None:
        """End now, whatever is unsettled; it goes back to the queue."""
        self._consumer.close()
        self._release()
        self.ended = True

    def close(self) -> None:
        """Close the channel for good."""
        self._closed = True
        self._consumer.close()
        self._release()

    def _delivered(
        self, generation: int, tag: int, redelivered: bool, properties: Properties, body: bytes
    ) -> None:
        delivery_id = DeliveryId(self.name, generation, tag)
        start_trace = self._context.start_trace
        original = receive(delivery_id, redelivered, properties, body, time.time(), start_trace)
        delivery = original.delivery
        self._ending = False
        self._unsettled.add(original)
        self._context.telemetry.emit(
            Delivered(
                delivery_id, delivery.message_id, delivery.attempt, redelivered, delivery.queue_ms
            )
        )
        self._inbox.append(delivery)

    def _confirmed(
        self, settlement: Settlement, original: Original, since: float, round_trip: float
    ) -> None:
        """The outcome is published for certain: ack the delivery on the channel it came from."""
        if not self._unsettled.remove(settlement.delivery):
            return
        self._consumer.ack(settlement.delivery.tag)
        telemetry = self._context.telemetry
        telemetry.emit(DependencyCalled(Dependency.RABBITMQ, "publish", round_trip))
        telemetry.emit(Settled(settlement, time.monotonic() - since, original.delivery.trace))
        self.reconcile()

    def _channel_lost(self, reason: Exception) -> None:
        self._release()
        if isinstance(reason, ChannelClosedByBroker):
            self._notice("warning", "Lane channel closed", reason=str(reason))
            if reason.reply_code == _NOT_FOUND:
                self._context.on_missing_queue()
        self.reconcile()

    def _recycle(self, reason: str) -> None:
        """Close the channel and open another; what is unsettled goes back to the queue."""
        self._notice("warning", "Lane opened anew", reason=reason)
        self._consumer.drop_channel()
        self._release()
        self._consumer.reopen_later()

    def _release(self) -> None:
        """Forget what came over a channel that is closed; the broker has it again."""
        self.released = self._consumer.generation
        self._inbox.clear()
        for delivery_id in self._unsettled.let_go():
            self._context.telemetry.emit(Released(delivery_id))

    def _notice(self, level: str, event: str, **fields: str) -> None:
        self._context.telemetry.emit(Notice(level, event, (("lane", self.name), *fields.items())))
