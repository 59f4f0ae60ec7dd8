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
from typing import TypeVar

from colecionador.steps.tasks import Hop, Resume

T = TypeVar("T")


class Pool:
    """A fixed number of threads over one queue, first come, first served.

    They start with the first call, so that a pool that is only wired costs nothing.
    """

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self.threads = threads
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._busy_since: dict[int, float] = {}
        self._started = False
        self._lock = threading.Lock()

    def call(self, function: Callable[..., T], *arguments: object) -> Hop[T]:
        """A hop that calls `function` on one of the threads."""

        def start(resume: Resume) -> None:
            def work() -> None:
                try:
                    value = function(*arguments)
                except Exception as error:  # noqa: BLE001  # raised again at the await
                    resume(None, error)
                else:
                    resume(value)

            self.do(work)

        return Hop(start)

    def do(self, work: Callable[[], None]) -> None:
        """Let one of the threads do something that raises nothing and answers nobody."""
        self._calls.put(work)
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
            work = self._calls.get()
            self._busy_since[me] = time.monotonic()
            work()
            del self._busy_since[me]
            # A thread that waits must not keep the pixels of its last call alive.
            del work
