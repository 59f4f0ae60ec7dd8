"""A broker in memory: a work queue, wait rooms in virtual time, dead letters and completions.

It outlives the lanes that consume from it, so a test can end one run in the middle and start
another: what was unsettled comes back, marked as redelivered, as a real broker would do.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from dataclasses import dataclass, replace

from colecionador.domain.messages import Delivery, DeliveryId, message_identity
from colecionador.domain.settlements import Completion, DeadLetter, Retry, Settlement


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message as the broker holds it."""

    message_id: str
    body: bytes
    attempt: int = 1
    redelivered: bool = False
    published_at: float = 0.0
    """Virtual seconds."""


class MemoryBroker:
    """The queues. Its clock moves only when nothing is ready and nothing is unsettled."""

    def __init__(self) -> None:
        self.now = 0.0
        self.completions: list[Completion] = []
        self.dead_letters: list[tuple[QueuedMessage, DeadLetter]] = []
        self.retries: list[Retry] = []
        self._ready: deque[QueuedMessage] = deque()
        self._waiting: list[tuple[float, int, QueuedMessage]] = []
        self._unsettled: dict[DeliveryId, QueuedMessage] = {}
        self._sequence = 0
        self._generation = 0
        self._lock = threading.RLock()

    def publish(
        self, body: bytes, *, message_id: str | None = None, delay_seconds: float = 0.0
    ) -> str:
        """Put a message into the work queue, now or in a while; returns its identity."""
        identity = message_identity(message_id, body, "")
        with self._lock:
            due = self.now + delay_seconds
            self._enqueue(due, QueuedMessage(identity, body, published_at=due))
        return identity

    def next_generation(self) -> int:
        """The generation of a lane's new channel."""
        with self._lock:
            self._generation += 1
            return self._generation

    def deliver(self, lane: str, generation: int) -> Delivery | None:
        """The next message, now unsettled on that lane; None where none is ready."""
        with self._lock:
            self._advance()
            if not self._ready:
                return None
            message = self._ready.popleft()
            self._sequence += 1
            identity = DeliveryId(lane, generation, self._sequence)
            self._unsettled[identity] = message
            return Delivery(
                id=identity,
                message_id=message.message_id,
                body=message.body,
                attempt=message.attempt,
                redelivered=message.redelivered,
                queue_ms=(self.now - message.published_at) * 1000,
                delivered_at=time.time(),
            )

    def settle(self, settlement: Settlement) -> bool:
        """Carry out a settlement; False where its delivery is stale, and nothing was done."""
        with self._lock:
            message = self._unsettled.pop(settlement.delivery, None)
            if message is None:
                return False
            match settlement:
                case Completion():
                    self.completions.append(settlement)
                case Retry(delay_seconds=delay_seconds):
                    self.retries.append(settlement)
                    again = replace(message, attempt=message.attempt + 1, redelivered=False)
                    self._enqueue(self.now + delay_seconds, again)
                case DeadLetter():
                    self.dead_letters.append((message, settlement))
            return True

    def take_back(self, lane: str, generation: int) -> list[DeliveryId]:
        """Return what is unsettled on a lane's channel to the head of the queue."""
        with self._lock:
            return self._return(
                [
                    identity
                    for identity in self._unsettled
                    if identity.lane == lane and identity.generation == generation
                ]
            )

    def take_all_back(self) -> list[DeliveryId]:
        """Return everything unsettled, as when a process is killed and its channels are lost."""
        with self._lock:
            return self._return(list(self._unsettled))

    def unsettled(self, lane: str) -> int:
        """How many deliveries a lane holds."""
        with self._lock:
            return sum(1 for identity in self._unsettled if identity.lane == lane)

    @property
    def ready(self) -> int:
        """How many messages no lane holds and none waits for."""
        with self._lock:
            self._advance()
            return len(self._ready)

    @property
    def empty(self) -> bool:
        """True where nothing is ready, waiting or unsettled."""
        with self._lock:
            return not (self._ready or self._waiting or self._unsettled)

    def _return(self, identities: list[DeliveryId]) -> list[DeliveryId]:
        for identity in reversed(identities):
            message = self._unsettled.pop(identity)
            self._ready.appendleft(replace(message, redelivered=True))
        return identities

    def _enqueue(self, due: float, message: QueuedMessage) -> None:
        self._sequence += 1
        heapq.heappush(self._waiting, (due, self._sequence, message))

    def _advance(self) -> None:
        """Move what is due into the queue; move the clock where nothing else can happen."""
        if self._waiting and not self._ready and not self._unsettled:
            self.now = max(self.now, self._waiting[0][0])
        while self._waiting and self._waiting[0][0] <= self.now:
            self._ready.append(heapq.heappop(self._waiting)[2])
