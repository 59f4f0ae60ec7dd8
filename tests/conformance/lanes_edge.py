"""One face for the lanes in memory and on RabbitMQ: what a worker and its broker do with them."""

from __future__ import annotations

from typing import Any, Protocol

from colecionador.domain.messages import Delivery
from colecionador.domain.ports import Lane, Lanes
from colecionador.domain.settlements import Settlement
from connectors.memory.broker import MemoryBroker
from connectors.memory.lanes import MemoryLanes
from connectors.memory.telemetry import MemoryTelemetry
from tests.connectors.rabbitmq.bench import LaneBench
from tests.fix_broker import Broker


class Edge(Protocol):
    """Lanes of one process over a broker that outlives them."""

    @property
    def lanes(self) -> Lanes: ...
    @property
    def telemetry(self) -> MemoryTelemetry: ...
    @property
    def opened(self) -> dict[str, Any]: ...
    def publish(self, *bodies: bytes) -> None: ...
    def open(self) -> Lane: ...
    def take(self, count: int) -> list[Delivery]: ...
    def settle(self, *settlements: Settlement) -> None: ...
    def settle_and_wait(self, *settlements: Settlement) -> None: ...
    def await_ended(self) -> None: ...
    def completed(self) -> list[bytes]: ...
    def given_up(self) -> list[bytes]: ...
    def ready(self) -> int: ...
    def close(self) -> None: ...


class MemoryEdge:
    """The lanes in memory."""

    def __init__(self, broker: MemoryBroker, lanes: int, prefetch: int) -> None:
        self.broker = broker
        self.telemetry = MemoryTelemetry()
        names = [f"lane-{index}" for index in range(lanes)]
        self.lanes = MemoryLanes(broker, names, prefetch, self.telemetry)
        self.opened: dict[str, Any] = {}

    def publish(self, *bodies: bytes) -> None:
        for body in bodies:
            self.broker.publish(body, message_id=body.decode())

    def open(self) -> Lane:
        for name in self.lanes.names:
            self.opened[name] = self.lanes.open(name)
        lane: Lane = self.opened[self.lanes.names[0]]
        return lane

    def take(self, count: int) -> list[Delivery]:
        taken = [delivery for lane in self.opened.values() for delivery in lane.take()]
        assert len(taken) == count
        return taken

    def settle(self, *settlements: Settlement) -> None:
        for settlement in settlements:
            self.lanes.settle(settlement.delivery.lane, [settlement])

    settle_and_wait = settle

    def await_ended(self) -> None:
        assert all(lane.ended for lane in self.opened.values())

    def completed(self) -> list[bytes]:
        return sorted(completion.body for completion in self.broker.completions)

    def given_up(self) -> list[bytes]:
        return sorted(message.body for message, _ in self.broker.dead_letters)

    def ready(self) -> int:
        return self.broker.ready

    def close(self) -> None:
        for lane in self.opened.values():
            lane.close()


class RabbitEdge(LaneBench):
    """The lanes on RabbitMQ."""

    def __init__(self, broker: Broker, changes: dict[str, object]) -> None:
        super().__init__(broker, broker.settings(None, **changes))
        self.declare()

    def completed(self) -> list[bytes]:
        return sorted(letter.body for letter in self.broker.take(self.settings.completed_queue))

    def given_up(self) -> list[bytes]:
        return sorted(letter.body for letter in self.broker.take(self.dead_letters))

    def ready(self) -> int:
        return self.broker.ready(self.settings.queue)
