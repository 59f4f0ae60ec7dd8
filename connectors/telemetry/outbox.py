"""An outbox before a backend that may be slow: whoever puts something in never waits.

A bounded queue, and a thread of its own that empties it. What does not fit, and what
the backend does not take, is counted as lost; the log says when that begins and when it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

import structlog

X = TypeVar("X")

Lost = Callable[[str, int], None]
"""Told which backend has lost how many events."""


class Outbox(Generic[X]):
    """What waits to be sent to one backend. The thread starts with the first value."""

    def __init__(
        self,
        backend: str,
        send: Callable[[Sequence[X]], None],
        lost: Lost,
        *,
        limit: int,
        linger: float = 0.0,
    ) -> None:
        """`send` gets whatever is waiting, on the outbox's own thread, and raises where it fails.

        `limit` is how many values may wait; `linger` is for how many seconds more are waited for
        after the first.
        """
        self.closing = threading.Event()
        self._backend = backend
        self._send = send
        self._lost = lost
        self._linger = linger
        self._waiting: Queue[X | None] = Queue(limit)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failing = False

    def put(self, value: X) -> None:
        """Leave a value to be sent, or count it as lost; never waits."""
        try:
            self._waiting.put_nowait(value)
        except Full:
            self._lost(self._backend, 1)
        if self._thread is None:
            self._start()

    def close(self, seconds: float) -> None:
        """Send what is waiting, for so long at most; what is left then is given up."""
        self.closing.set()
        with suppress(Full):
            # Wakes the thread where it waits; a full queue keeps it awake.
            self._waiting.put_nowait(None)
        if self._thread is not None:
            self._thread.join(seconds)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                name = f"telemetry-{self._backend}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                self._send(batch)
            except Exception as error:  # noqa: BLE001 - a backend that fails is no reason to stop
                self._lost(self._backend, len(batch))
                self._say(error)
            else:
                self._say(None)

    def _next_batch(self) -> list[X]:
        """What is waiting, at least one value; nothing once the outbox is closed and empty."""
        if self.closing.is_set() and self._waiting.empty():
            return []
        found = [self._waiting.get()]
        self.closing.wait(self._linger)
        with suppress(Empty):
            while len(found) < self._waiting.maxsize:
                found.append(self._waiting.get_nowait())
        return [value for value in found if value is not None]

    def _say(self, error: Exception | None) -> None:
        """One line when a backend begins to fail, and one when it takes events again."""
        if (error is not None) is self._failing:
            return
        self._failing = error is not None
        # The log may be what fails.
        with suppress(Exception):
            log = structlog.get_logger()
            if error is None:
                log.info("Telemetry backend recovered", backend=self._backend)
            else:
                log.warning("Telemetry backend failed", backend=self._backend, reason=repr(error))
