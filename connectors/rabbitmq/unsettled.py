"""The deliveries of a lane's present channel that are not settled yet."""

from __future__ import annotations

import time

from colecionador.domain.messages import DeliveryId
from connectors.rabbitmq.inbound import Original


class Unsettled:
    """A table of originals by delivery; a delivery that is not in it is stale or settled."""

    def __init__(self) -> None:
        self._held: dict[DeliveryId, Original] = {}
        self._since: dict[DeliveryId, float] = {}
        self._claimed: set[DeliveryId] = set()

    def __len__(self) -> int:
        return len(self._held)

    def add(self, original: Original) -> None:
        """Hold a delivery that has just arrived."""
        self._held[original.delivery.id] = original
        self._since[original.delivery.id] = time.monotonic()

    def claim(self, delivery: DeliveryId) -> Original | None:
        """The original to settle; None where it is stale, settled, or being settled already."""
        original = self._held.get(delivery)
        if original is None or delivery in self._claimed:
            return None
        self._claimed.add(delivery)
        return original

    def holds(self, delivery: DeliveryId) -> bool:
        """True while the delivery waits to be settled on the channel it came from."""
        return delivery in self._held

    def remove(self, delivery: DeliveryId) -> bool:
        """The delivery is settled; False where it was let go before."""
        self._claimed.discard(delivery)
        self._since.pop(delivery, None)
        return self._held.pop(delivery, None) is not None

    def let_go(self) -> tuple[DeliveryId, ...]:
        """Forget all, since their channel is closed; the broker has them again."""
        released = tuple(self._held)
        self._held.clear()
        self._since.clear()
        self._claimed.clear()
        return released

    def longest_held_seconds(self) -> float:
        """For how long the oldest delivery has been held, whatever the clock on the wall does."""
        oldest = min(self._since.values(), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest
