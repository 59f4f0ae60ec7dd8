"""Lanes over a broker in memory: the `Lanes` port without servers."""

from __future__ import annotations

from collections.abc import Sequence

from colecionador.domain.events import Delivered, Released, Settled
from colecionador.domain.messages import Delivery
from colecionador.domain.ports import Telemetry
from colecionador.domain.settlements import Settlement
from connectors.memory.broker import MemoryBroker


class MemoryLanes:
    """The lanes of a process. They end when the broker is empty, or when they are drained."""

    def __init__(
        self, broker: MemoryBroker, names: Sequence[str], prefetch: int, telemetry: Telemetry
    ) -> None:
        self.broker = broker
        self.names: Sequence[str] = tuple(sorted(names))
        self.prefetch = prefetch
        self.telemetry = telemetry
        self.paused = False
        self.draining = False

    def open(self, name: str) -> MemoryLane:
        """Start to consume on one lane."""
        return MemoryLane(self, name)

    def settle(self, name: str, settlements: Sequence[Settlement]) -> None:
        """Carry out settlements at once; stale ones are dropped."""
        for settlement in settlements:
            if self.broker.settle(settlement):
                self.telemetry.emit(Settled(settlement, 0.0))

    def pause(self) -> None:
        """Take no more deliveries until `resume`."""
        self.paused = True

    def resume(self) -> None:
        """Take deliveries again."""
        self.paused = False

    def drain(self) -> None:
        """Take no more deliveries; each lane ends when nothing of it is unsettled."""
        self.draining = True


class MemoryLane:
    """One lane; its generation is its own."""

    def __init__(self, lanes: MemoryLanes, name: str) -> None:
        self._lanes = lanes
        self._name = name
        self._generation = lanes.broker.next_generation()

    def take(self) -> Sequence[Delivery]:
        """What the broker has for the lane, as far as its prefetch allows."""
        taken: list[Delivery] = []
        lanes = self._lanes
        if lanes.paused or lanes.draining:
            return taken
        while lanes.broker.unsettled(self._name) < lanes.prefetch:
            delivery = lanes.broker.deliver(self._name, self._generation)
            if delivery is None:
                break
            lanes.telemetry.emit(
                Delivered(
                    delivery.id,
                    delivery.message_id,
                    delivery.attempt,
                    delivery.redelivered,
                    delivery.queue_ms,
                )
            )
            taken.append(delivery)
        return taken

    @property
    def ended(self) -> bool:
        """True when the lane drained, or the broker is empty."""
        if self._lanes.draining:
            return self._lanes.broker.unsettled(self._name) == 0
        return self._lanes.broker.empty

    @property
    def released(self) -> int:
        """Nothing goes back while the lane is open."""
        return 0

    def close(self) -> None:
        """Give back what is unsettled."""
        for delivery in self._lanes.broker.take_back(self._name, self._generation):
            self._lanes.telemetry.emit(Released(delivery))
