"""When to look again, since Bytewax has no waker: soon after a find, ever later without one.

All looks of a process fall on one grid. A dataflow polls its lanes and each key of its steps; if
each had a phase of its own, the worker would be woken for nearly every one of them, and take the
GIL from a thread that computes each time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Poll:
    """A wait that doubles with each look that finds nothing, up to a limit."""

    __slots__ = ("_longest_us", "_shortest_us", "_wait_us")

    def __init__(self, shortest_us: int, longest_us: int) -> None:
        """Microseconds; the longest wait is the shortest times a power of two."""
        self._shortest_us = shortest_us
        self._longest_us = longest_us
        self._wait_us = shortest_us

    def note(self, *, found: bool) -> None:
        """A look is over."""
        self._wait_us = self._shortest_us if found else min(2 * self._wait_us, self._longest_us)

    def next_look(self) -> datetime:
        """When to look again."""
        moment_us = on_grid(time.time_ns() // 1000, self._wait_us)
        return datetime.fromtimestamp(moment_us / 1_000_000, UTC)


def on_grid(now_us: int, wait_us: int) -> int:
    """The multiple of a wait that is nearest to its end, never less than half of it away.

    Microseconds since the epoch. Those of a wait are among those of its half.

    >>> [on_grid(now, 1000) for now in (7000, 7499, 7500, 7999)]
    [8000, 8000, 9000, 9000]
    """
    return (now_us + wait_us // 2) // wait_us * wait_us + wait_us
