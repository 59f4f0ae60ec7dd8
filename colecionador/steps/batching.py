"""Batches that form by themselves: whatever waits when a thread is free is one call.

Nothing waits for a batch to fill. At low load each value is a call of its own; under load the
batches grow, up to a limit, and the cost of a round trip is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from colecionador.steps.pools import Pool
from colecionador.steps.tasks import Hop, Resume

X = TypeVar("X")
Y = TypeVar("Y")


class Batcher(Generic[X, Y]):
    """Groups the values of concurrent callers; `handle` answers a batch in its order."""

    def __init__(
        self,
        name: str,
        handle: Callable[[Sequence[X]], Sequence[Y]],
        *,
        limit: int,
        threads: int,
    ) -> None:
        self._handle = handle
        self._limit = limit
        self._waiting: SimpleQueue[tuple[X, Resume]] = SimpleQueue()
        self._pool = Pool(name, threads)

    def submit(self, value: X) -> Hop[Y]:
        """A hop that ends with the answer to this value."""

        def start(resume: Resume) -> None:
            self._waiting.put((value, resume))
            self._pool.do(self._answer_waiting)

        return Hop(start)

    def _answer_waiting(self) -> None:
        # One call is made for each value, so a call that finds none was served by an earlier one.
        batch: list[tuple[X, Resume]] = []
        while len(batch) < self._limit:
            try:
                batch.append(self._waiting.get_nowait())
            except Empty:
                break
        if batch:
            self._answer(batch)

    def _answer(self, batch: list[tuple[X, Resume]]) -> None:
        try:
            answers = self._handle([value for value, _ in batch])
        except Exception as error:  # noqa: BLE001 - raised again at each await
            for _, resume in batch:
                resume(None, error)
            return
        for (_, resume), answer in zip(batch, answers, strict=True):
            resume(answer)
