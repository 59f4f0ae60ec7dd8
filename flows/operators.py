"""Operators that Bytewax lacks: asynchronous steps, and a join by identity.

`async_map` is in the spirit of Flink's Async I/O, `unorderedWait`: a value's step runs elsewhere
while the worker goes on, and its result is emitted when it is there. What is in flight is bounded
by the source, whose deliveries are settled only at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream, StatefulBatchLogic

from colecionador.steps.tasks import Step, run
from connectors.lanes.poll import Poll

X = TypeVar("X")
Y = TypeVar("Y")
X_in = TypeVar("X_in", contravariant=True)
Y_out = TypeVar("Y_out", covariant=True)

SHORTEST_POLL_US = 2000
LONGEST_POLL_US = 32_000
"""How soon a finished step is seen, since Bytewax has no waker. A lone item over three asynchronous
steps takes 6 ms at 1 ms, 12 ms at 2 ms and 24 ms at 4 ms; but thumbnails took a tenth less CPU at
2 ms than at 1 ms, and looking every millisecond after sixteen photos that take seconds was a tenth
of theirs. So each look that finds nothing doubles the time until the next: what is seen late is
late by no more than it took. Of 1,800 looks a second after photos 15 find something at a longest
wait of 8 ms; at 32 ms it is 800 looks, and a photo alone takes as long."""


def split(step_id: str, up: Stream[Any], kind: type[X]) -> tuple[Stream[X], Stream[Any]]:
    """Divide a stream in two: the values of one type, and the others."""
    parts = op.branch(step_id, up, lambda value: isinstance(value, kind))
    return parts.trues, parts.falses


def split_keyed(
    step_id: str, up: KeyedStream[Any], kind: type[X]
) -> tuple[KeyedStream[X], KeyedStream[Any]]:
    """Divide a keyed stream in two: the values of one type, and the others."""
    parts = op.branch(step_id, up, lambda pair: isinstance(pair[1], kind))
    return parts.trues, parts.falses


class AsyncStep(Protocol[X_in, Y_out]):
    """A step for `async_map`: a coroutine function, and what an exception that leaves it becomes.

    An exception in an operator would end the whole dataflow.
    """

    def __call__(self, value: X_in, /) -> Step[Y_out]:
        """Start on a value; begins on the worker's thread, goes on wherever its hops end."""
        ...

    def caught(self, value: X_in, error: Exception, /) -> Y_out | None:
        """The result of a value whose step raised; None where nothing is to come of it."""
        ...


class _Nothing:
    """The result of a value of which nothing comes."""


_NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class Group(Generic[X, Y]):
    """For `gather`: which values belong together, how many they are, and what they become."""

    identity: Callable[[X], Hashable]
    size: Callable[[X], int]
    finish: Callable[[Sequence[X]], Y]


class _AsyncMapLogic(StatefulBatchLogic[X, Y, None], Generic[X, Y]):
    """The steps of one key that are in flight; discarded when none is."""

    def __init__(self, step: AsyncStep[X, Y]) -> None:
        self._step = step
        self._finished: deque[Y | _Nothing] = deque()
        self._in_flight = 0
        self._poll = Poll(SHORTEST_POLL_US, LONGEST_POLL_US)

    def on_batch(self, values: list[X]) -> tuple[Iterable[Y], bool]:
        self._in_flight += len(values)
        self._poll.note(found=True)
        for value in values:
            self._start(value)
        return self._collect()

    def on_notify(self) -> tuple[Iterable[Y], bool]:
        return self._collect()

    def on_eof(self) -> tuple[Iterable[Y], bool]:
        # A lane ends when nothing of it is unsettled, or at the drain's deadline, when whatever
        # is in flight is given up: its delivery goes back to the queue. Never wait here.
        return self._collect()[0], StatefulBatchLogic.DISCARD

    def notify_at(self) -> datetime | None:
        return self._poll.next_look()

    def snapshot(self) -> None:
        """No state: what is in flight is redelivered."""

    def _start(self, value: X) -> None:
        run(self._step(value), self._finished.append, partial(self._failed, value))

    def _failed(self, value: X, error: Exception) -> None:
        caught = self._step.caught(value, error)
        self._finished.append(_NOTHING if caught is None else caught)

    def _collect(self) -> tuple[list[Y], bool]:
        emitted = []
        while self._finished:
            self._in_flight -= 1
            if not isinstance(value := self._finished.popleft(), _Nothing):
                emitted.append(value)
        self._poll.note(found=bool(emitted))
        return emitted, self._in_flight == 0


@operator
def async_map(step_id: str, up: KeyedStream[X], step: AsyncStep[X, Y]) -> KeyedStream[Y]:
    """Transform each value by a coroutine, in no particular order."""
    return op.stateful_batch("stateful_batch", up, lambda _: _AsyncMapLogic(step))


class _GatherLogic(StatefulBatchLogic[X, Y, None], Generic[X, Y]):
    """The incomplete groups of one key; discarded when there are none."""

    def __init__(self, group: Group[X, Y]) -> None:
        self._group = group
        self._groups: dict[Hashable, list[X]] = {}

    def on_batch(self, values: list[X]) -> tuple[Iterable[Y], bool]:
        emitted = []
        for value in values:
            identity = self._group.identity(value)
            collected = self._groups.setdefault(identity, [])
            collected.append(value)
            if len(collected) == self._group.size(value):
                emitted.append(self._group.finish(self._groups.pop(identity)))
        return emitted, not self._groups

    def snapshot(self) -> None:
        """No state: an incomplete group is redelivered."""


@operator
def gather(step_id: str, up: KeyedStream[X], group: Group[X, Y]) -> KeyedStream[Y]:
    """Collect the values of one identity; when there are as many as its size, finish them."""
    return op.stateful_batch("stateful_batch", up, lambda _: _GatherLogic(group))
