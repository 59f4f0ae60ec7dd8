"""What lanes tell one another over the cluster's own links: that they live, and that they drain.

A cluster's processes are joined by TCP links that Bytewax opens. One that dies closes its links,
and the others end at once; one that is stopped, or cut off without a word, is not noticed by
anybody. So every lane is heard by every process, and silence is noticed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from colecionador.domain.messages import DeliveryId

PULSE_SECONDS = 2.0
"""How often a lane says that it lives."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Said by a draining lane to every lane, so that all processes of a cluster drain together.

    One process alone would hang until its peers end.
    """

    lane: str
    """Whom it is said to."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Said by a lane to every lane, now and then, and once more when it ends."""

    lane: str
    """Whom it is said to."""
    sender: str
    ended: bool = False
    released: int = 0
    """The sender's newest generation whose deliveries have gone back to the queue."""


Signal = Drain | Pulse


class Peers:
    """When each lane of the cluster was last heard in this process. Safe from several threads."""

    def __init__(self, lanes: Sequence[str]) -> None:
        self._lanes = tuple(lanes)
        self._own: set[str] = set()
        self._heard: dict[str, float] = {}
        self._released: dict[str, int] = {}
        self._lock = threading.Lock()

    def expect(self) -> None:
        """Every lane is to be heard from now on."""
        now = time.monotonic()
        with self._lock:
            self._heard = dict.fromkeys(self._lanes, now)

    def adopt(self, lane: str) -> None:
        """This lane is one of this process."""
        with self._lock:
            self._own.add(lane)

    def hear(self, pulse: Pulse) -> None:
        """Note a pulse; a lane that has ended is expected no more."""
        with self._lock:
            self._released[pulse.sender] = pulse.released
            if pulse.ended:
                self._heard.pop(pulse.sender, None)
            elif pulse.sender in self._heard:
                self._heard[pulse.sender] = time.monotonic()

    def is_stale(self, delivery: DeliveryId) -> bool:
        """Whether a delivery has gone back to the queue, as far as its lane was heard here."""
        return delivery.generation <= self._released.get(delivery.lane, 0)

    def own_silences(self) -> dict[str, float]:
        """For how many seconds each lane of this process that has not ended has been silent.

        A pulse passes the loops of two workers, that of the lane and that of whom it is said to,
        so a lane that is heard shows that both of them turn.
        """
        with self._lock:
            now = time.monotonic()
            return {lane: now - heard for lane, heard in self._heard.items() if lane in self._own}

    def silence(self) -> tuple[str, float] | None:
        """The lane that has been silent for longest, and for how many seconds."""
        with self._lock:
            if not self._heard:
                return None
            sender, heard = min(self._heard.items(), key=lambda entry: entry[1])
        return sender, time.monotonic() - heard
