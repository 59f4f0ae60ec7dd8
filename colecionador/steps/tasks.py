"""Coroutines over thread pools, without an event loop.

A step is an ordinary `async def`: each `await` is a hop, to a pool of threads or to whatever else
calls back, and the coroutine goes on where the hop ended, on that thread. It resembles Flink's
Async I/O, whose functions get a result future to complete; here the coroutine is that future's
other side. An event loop would wake a thread of its own twice for each hop, which at nine
variations an item costs more than the dataflow itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from threading import Timer
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Resume(Protocol):
    """What ends a hop: called once, from any thread, with a value or an error."""

    def __call__(self, value: Any, error: BaseException | None = None) -> None:
        """Let the coroutine go on with `value`, or with `error` raised at its `await`."""
        ...


class Hop(Awaitable[T], Generic[T]):
    """An awaitable that leaves the thread: what begins it is given the means to come back."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[Resume], None]) -> None:
        self._begin = begin

    def start(self, resume: Resume) -> None:
        """Leave; for the driver of the coroutine that waits."""
        self._begin(resume)

    def __await__(self) -> Generator[Hop[T], Any, T]:
        """Give the hop to the driver, and get its value back."""
        value: T = yield self
        return value


Step = Coroutine[Hop[Any], Any, T]


def _raise(error: Exception) -> None:
    raise error


def run(
    step: Step[T],
    done: Callable[[T], object] = lambda _: None,
    failed: Callable[[Exception], object] = _raise,
) -> None:
    """Drive a coroutine to its end; then call `done` or `failed`, on whichever thread that is.

    Starts at once, on the calling thread, and returns at the first hop that does not end at once.
    """
    _Driver(step, done, failed).go_on(None, None)


def after(seconds: float) -> Hop[None]:
    """A hop that ends after a while; no pool thread waits."""

    def start(resume: Resume) -> None:
        timer = Timer(seconds, resume, (None,))
        timer.daemon = True
        timer.start()

    return Hop(start)


class _Driver(Generic[T]):
    """One running coroutine. Its hops end one after the other, so it needs no lock."""

    __slots__ = ("done", "failed", "step")

    def __init__(
        self, step: Step[T], done: Callable[[T], object], failed: Callable[[Exception], object]
    ) -> None:
        self.step = step
        self.done = done
        self.failed = failed

    def go_on(self, value: Any, error: BaseException | None = None) -> None:
        try:
            hop = self.step.throw(error) if error is not None else self.step.send(value)
        except StopIteration as end:
            self.done(end.value)
        except Exception as unexpected:  # noqa: BLE001 - whatever it is, it ends this step alone
            self.failed(unexpected)
        else:
            hop.start(self.go_on)
