"""The pixel budget: how many bytes of decoded pixels a process holds at once.

A 12-megapixel photo is 36 MB decoded, and sixteen deliveries may be in flight: without a bound
that was 850 to 1,010 MB. Admission is first come, first served. Waiting occupies no thread and no
connection, and while somebody waits no further download starts, since sources are memory too. A
photo larger than the whole budget passes when nothing else is held.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from colecionador.steps.tasks import Hop, Resume


@dataclass(frozen=True, slots=True)
class _Waiter:
    needed_bytes: int
    resume: Resume


class PixelBudget:
    """Counts the decoded bytes of a process; `held_bytes` is what is out now."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._waiting: deque[_Waiter] = deque()
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes taken and not yet given back."""
        return self._held_bytes

    def turn(self) -> Hop[Lease]:
        """A hop that ends when nobody who came before still waits for pixels."""
        return self._wait(0)

    def take(self, needed_bytes: int) -> Hop[Lease]:
        """A hop that ends with a lease of so many bytes."""
        return self._wait(needed_bytes)

    def _wait(self, needed_bytes: int) -> Hop[Lease]:
        def start(resume: Resume) -> None:
            with self._lock:
                self._waiting.append(_Waiter(needed_bytes, resume))
            self._admit()

        return Hop(start)

    def give_back(self, held_bytes: int) -> None:
        """End a lease; called by the lease itself, once."""
        with self._lock:
            self._held_bytes -= held_bytes
        self._admit()

    def _admit(self) -> None:
        admitted = []
        with self._lock:
            while self._waiting and self._fits(self._waiting[0].needed_bytes):
                waiter = self._waiting.popleft()
                self._held_bytes += waiter.needed_bytes
                admitted.append(waiter)
        for waiter in admitted:
            waiter.resume(Lease(self, waiter.needed_bytes))

    def _fits(self, needed_bytes: int) -> bool:
        if needed_bytes == 0:
            return True
        return self._held_bytes == 0 or self._held_bytes + needed_bytes <= self._limit_bytes


class Lease:
    """Bytes taken from the budget, shared by an item's variations: the last one ends it."""

    __slots__ = ("_budget", "_held_bytes", "_lock", "_shares")

    def __init__(self, budget: PixelBudget, held_bytes: int) -> None:
        self._budget = budget
        self._held_bytes = held_bytes
        self._shares = 1
        self._lock = threading.Lock()

    def share(self, shares: int) -> None:
        """Let the lease end with the last of so many releases."""
        self._shares = shares

    def release(self) -> bool:
        """Give up one share; True where it was the last and the lease has ended."""
        with self._lock:
            self._shares -= 1
            ended = self._shares == 0
        if ended:
            self._budget.give_back(self._held_bytes)
        return ended
