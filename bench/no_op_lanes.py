"""Lanes without a broker: they deliver items of their own and only count what is settled."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

from colecionador.domain.messages import Delivery, DeliveryId
from colecionador.domain.settlements import Settlement

PREFETCH = 64
LEAD = 0.1
"""The share of all items before which nothing is measured."""


class NoOpLanes:
    """The lanes of one process with one worker; at its end it prints its rate, as JSON."""

    def __init__(self, names: Sequence[str], items: int) -> None:
        self.names: Sequence[str] = names
        self.draining = False
        self._items = items
        self._delivered = 0
        self._settled = 0
        self._held = dict.fromkeys(names, 0)
        self._started: tuple[float, float] | None = None

    def open(self, name: str) -> NoOpLane:
        """Start to deliver on one lane."""
        return NoOpLane(self, name)

    def settle(self, name: str, settlements: Sequence[Settlement]) -> None:
        """Count them."""
        self._held[name] -= len(settlements)
        self._settled += len(settlements)
        if self._started is None and self._settled >= LEAD * self._items:
            self._started = time.monotonic(), time.process_time()
            self._measured_from = self._settled
        if self.ended and self._started is not None:
            self._print(self._started)

    def pause(self) -> None:
        """Nothing."""

    def resume(self) -> None:
        """Nothing."""

    def drain(self) -> None:
        """Nothing: it ends when all is done."""

    @property
    def ended(self) -> bool:
        """True when all is settled."""
        return self._settled == self._items

    def take(self, name: str) -> list[Delivery]:
        """As many as the lane's prefetch allows."""
        free = min(PREFETCH - self._held[name], self._items - self._delivered)
        self._held[name] += free
        first, self._delivered = self._delivered + 1, self._delivered + free
        return [self._delivery(name, item_id) for item_id in range(first, first + free)]

    def _delivery(self, name: str, item_id: int) -> Delivery:
        body = b'{"itemId": %d, "categoria": "bench", "objectKey": "a"}' % item_id
        return Delivery(DeliveryId(name, 1, item_id), f"message-{item_id}", body)

    def _print(self, started: tuple[float, float]) -> None:
        measured = self._settled - self._measured_from
        seconds, cpu_seconds = time.monotonic() - started[0], time.process_time() - started[1]
        figures = {"per second": measured / seconds, "per CPU second": measured / cpu_seconds}
        sys.stdout.write(f"{json.dumps(figures)}\n")


class NoOpLane:
    """One lane."""

    def __init__(self, lanes: NoOpLanes, name: str) -> None:
        self._lanes = lanes
        self._name = name

    def take(self) -> Sequence[Delivery]:
        """As many as the lane's prefetch allows."""
        return self._lanes.take(self._name)

    @property
    def ended(self) -> bool:
        """True when all of all lanes is settled."""
        return self._lanes.ended

    @property
    def released(self) -> int:
        """None has gone back."""
        return 0

    def close(self) -> None:
        """Nothing."""
