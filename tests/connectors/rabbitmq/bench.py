"""Lanes on a test bench: what a worker does with them, step by step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from colecionador.domain.events import Delivered, Notice, Released, Settled
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import Delivery, DeliveryId
from colecionador.domain.settings import Settings
from colecionador.domain.settlements import (
    Completion,
    DeadLetter,
    Outcome,
    Retry,
    Settlement,
    Subject,
)
from connectors.memory.telemetry import MemoryTelemetry
from connectors.rabbitmq import RabbitLanes, dead_letter_queue, declare_topology, wait_room
from connectors.rabbitmq.lanes import OpenLane
from connectors.rabbitmq.properties import Properties
from tests.fix_broker import Broker, Letter

FAILURE = Failure(ErrorType.SOURCE_MISSING, "objectKey: no such object")


class LaneBench:
    """One process's lanes over a real broker, with everything they emit."""

    def __init__(
        self, broker: Broker, settings: Settings, options: Mapping[str, Any] | None = None
    ) -> None:
        self.broker = broker
        self.settings = settings
        self.telemetry = MemoryTelemetry()
        self.lanes = RabbitLanes(settings, self.telemetry, **(options or {}))
        self.opened: dict[str, OpenLane] = {}
        self._taken = 0

    @property
    def dead_letters(self) -> str:
        """The dead-letter queue."""
        return dead_letter_queue(self.settings.queue)

    def wait_room(self, delay_seconds: float) -> str:
        """The wait room of a delay."""
        return wait_room(self.settings.queue, delay_seconds)

    def declare(self) -> None:
        """Create the queues before any lane does."""
        declare_topology(self.broker.directly(self.settings))

    def publish(self, *bodies: bytes, **properties: Any) -> None:
        """Put messages into the work queue; each has its body as its id unless told otherwise."""
        self.broker.publish(
            self.settings.queue,
            *(Letter(Properties(**{"message_id": body, **properties}), body) for body in bodies),
        )

    def open(self) -> OpenLane:
        """Open every lane and return the first."""
        for name in self.lanes.names:
            self.opened[name] = self.lanes.open(name)
        return self.opened[self.lanes.names[0]]

    def take(self, count: int) -> list[Delivery]:
        """The next deliveries of all lanes."""
        self._taken += count
        self.telemetry.wait_for(Delivered, self._taken)
        taken: list[Delivery] = []
        while len(taken) < count:
            for lane in self.opened.values():
                taken.extend(lane.take())
        return taken

    def settle(self, *settlements: Settlement) -> None:
        """Settle on the lanes that delivered, and return at once."""
        for settlement in settlements:
            self.lanes.settle(settlement.delivery.lane, [settlement])

    def settle_and_wait(self, *settlements: Settlement) -> None:
        """Settle, and wait until all is published, confirmed and acked."""
        before = len(self.telemetry.of(Settled))
        self.settle(*settlements)
        self.telemetry.wait_for(Settled, before + len(settlements))

    def await_declared(self) -> None:
        """Wait until no declaration is under way, so that queues can be deleted."""
        self.until(lambda: not self.declaring, "the declaration to end")

    @property
    def declaring(self) -> bool:
        """Whether a declaration is under way in this process."""
        return any(thread.name == "rabbitmq-topology" for thread in threading.enumerate())

    def sync(self) -> None:
        """Wait until the I/O thread has done all that was asked of it so far."""
        before = len(self.notices("Stale settlement dropped"))
        stale = Delivery(DeliveryId(self.lanes.names[0], 0, 0), "stale", b"")
        self.settle(completion(stale))
        self.until(lambda: len(self.notices("Stale settlement dropped")) > before, "the I/O thread")

    def await_ended(self) -> None:
        """Wait until every lane has ended."""
        self.until(lambda: all(lane.ended for lane in self.opened.values()), "the lanes to end")

    def await_released(self, count: int) -> None:
        """Wait until the lanes let go of that many deliveries."""
        self.telemetry.wait_for(Released, count)

    def await_notice(self, event: str) -> Notice:
        """Wait for a notice of this name."""
        self.until(lambda: self.notices(event) != [], f"a notice {event}")
        return self.notices(event)[0]

    def notices(self, event: str) -> list[Notice]:
        """The notices of this name so far."""
        return [notice for notice in self.telemetry.of(Notice) if notice.event == event]

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that nothing tells of."""
        deadline = time.monotonic() + 30
        while not condition():
            told = self.telemetry.of(Notice)
            assert time.monotonic() < deadline, f"waited 30 s for {what}; was told {told}"
            time.sleep(0.005)  # a state of the broker or a lane: nothing tells of its change

    def close(self) -> None:
        """Close the lanes that are still open."""
        for lane in self.opened.values():
            lane.close()


def subject(delivery: Delivery) -> Subject:
    """Whose delivery it is."""
    return Subject(delivery.message_id, delivery.attempt, "moedas", delivery.delivered_at)


def completion(delivery: Delivery, body: bytes = b'{"jobId":1}') -> Completion:
    """The delivery's work is done."""
    out = f"completed-{delivery.message_id}"
    return Completion(delivery.id, subject(delivery), Outcome.SUCCESS, out, body)


def retry(delivery: Delivery, delay_seconds: float, failure: Failure = FAILURE) -> Retry:
    """The delivery is tried again after a while."""
    return Retry(delivery.id, subject(delivery), failure, delay_seconds)


def dead_letter(delivery: Delivery, failure: Failure = FAILURE) -> DeadLetter:
    """The delivery is given up."""
    return DeadLetter(delivery.id, subject(delivery), failure)
