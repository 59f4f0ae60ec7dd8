"""The deliveries of a lane's present channel that are not settled yet."""

from __future__ import annotations

from colecionador.domain.messages import DeliveryId
from connectors.rabbitmq.inbound import Original


class Unsettled:
    """A table of originals by delivery; a delivery that is not in it is stale or settled."""

    def __init__(self) -> None:
        self._held: dict[DeliveryId, Original] = {}
        self._claimed: set[DeliveryId] = set()

    def __len__(self) -> int:
        return len(self._held)

    def add(self, original: Original) -> None:
        """Hold a delivery that has just arrived."""
        self._held[original.delivery.id] = original

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
        return self._held.pop(delivery, None) is not None

    def let_go(self) -> tuple[DeliveryId, ...]:
        """Forget all, since their channel is closed; the broker has them again."""
        released = tuple(self._held)
        self._held.clear()
        self._claimed.clear()
        return released

    def oldest(self) -> float | None:
        """When the delivery held longest was delivered, in seconds since the epoch."""
        return min((held.delivery.delivered_at for held in self._held.values()), default=None)
