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
        self._busy: dict[int, tuple[float, Resume]] = {}
        """By thread: since when it makes its call, and who waits for that."""
        self._started = False
        self._lock = threading.Lock()

    def call(self, function: Callable[..., T], *arguments: object) -> Hop[T]:
        """A hop that calls `function` on one of the threads.

        A coroutine whose last hop was to this pool too goes on there, ahead of the calls that wait.
        """
        return _PoolHop(self, function, arguments)

    def call_here(self, function: Callable[..., T], *arguments: object) -> T:
        """Call on the calling thread, which belongs to another pool, as one of this one's calls."""
        me = threading.get_ident()
        self._busy[me] = time.monotonic(), _tell_nobody
        try:
            return function(*arguments)
        finally:
            del self._busy[me]

    def goes_on_here(self, resume: Resume) -> bool:
        """Whether the calling thread is one of the pool's, and has just served this coroutine.

        Another one that is let go on by a call of this thread has to queue: it would make its own
        calls in the middle of that one, and let go on a third.
        """
        busy = self._busy.get(threading.get_ident())
        return busy is not None and busy[1] == resume

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
        oldest = min((since for since, _ in self._busy.copy().values()), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    def _work(self) -> None:
        me = threading.get_ident()
        while True:
            function, arguments, resume = self._calls.get()
            self._busy[me] = time.monotonic(), resume
            _make(function, arguments, resume)
            del self._busy[me]
            # A thread that waits must not keep the pixels of its last call alive.
            del function, arguments, resume


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
        if self._pool.goes_on_here(resume):
            _make(self._function, self._arguments, resume)
        else:
            self._pool.put((self._function, self._arguments, resume))


def _make(function: Callable[..., Any], arguments: tuple[object, ...], resume: Resume) -> None:
    try:
        value = function(*arguments)
    except Exception as error:  # noqa: BLE001 - raised again at the await
        resume(None, error)
    else:
        resume(value)


def _tell_nobody(value: object, error: BaseException | None = None) -> None:
    """The end of a call that nobody waits for."""
