"""Pools of daemon threads: what blocks or computes runs on them.

Not `concurrent.futures`: its pools are joined when the interpreter ends, so a process that has to
die at once would first work off its queue; and it makes a future for each call, which the hops of
`tasks` do not need.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from colecionador.steps.tasks import Hop, Resume

T = TypeVar("T")

Call = tuple[Callable[..., Any], tuple[object, ...], Resume]
"""A function, its arguments, and who waits for its value."""


class Pool:
    """A fixed number of threads over one queue, first come, first served.

    They start with the first call, so that a pool that is only wired costs nothing.
    """

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self.threads = threads
        self._calls: SimpleQueue[Call] = SimpleQueue()
        self._busy_since: dict[int, float] = {}
        self._started = False
        self._lock = threading.Lock()

    def call(self, function: Callable[..., T], *arguments: object) -> Hop[T]:
        """A hop that calls `function` on one of the threads."""
        return _PoolHop(self, function, arguments)

    def do(self, function: Callable[[], None]) -> None:
        """Let one of the threads call a function that raises nothing and answers nobody."""
        self.put((function, (), _tell_nobody))

    def put(self, call: Call) -> None:
        """Let one of the threads make a call, and tell who waits for it."""
        self._calls.put(call)
        if not self._started:
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._started:
                return
            self._started = True
        for index in range(self.threads):
            name = f"{self.name}-{index}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def longest_call_seconds(self) -> float:
        """How long the longest call that is running has been."""
        oldest = min(self._busy_since.copy().values(), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    def _work(self) -> None:
        me = threading.get_ident()
        while True:
            function, arguments, resume = self._calls.get()
            self._busy_since[me] = time.monotonic()
            try:
                value = function(*arguments)
            except Exception as error:  # noqa: BLE001 - raised again at the await
                value = None
                resume(None, error)
            else:
                resume(value)
            del self._busy_since[me]
            # A thread that waits must not keep the pixels of its last call alive.
            del function, arguments, resume, value


class _PoolHop(Hop[T]):
    """A hop to a pool; two of each variation, so without a closure."""

    __slots__ = ("_arguments", "_function", "_pool")

    def __init__(
        self, pool: Pool, function: Callable[..., T], arguments: tuple[object, ...]
    ) -> None:
        self._pool = pool
        self._function = function
        self._arguments = arguments

    def start(self, resume: Resume) -> None:
        self._pool.put((self._function, self._arguments, resume))


def _tell_nobody(value: object, error: BaseException | None = None) -> None:
    """The end of a call that nobody waits for."""
