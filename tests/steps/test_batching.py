"""Batches form from what waits, keep their order, and fail together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from colecionador.steps.batching import Batcher
from tests.steps.ended import ended


def submit(batcher: Batcher[int, int], values: Sequence[int]) -> SimpleQueue[tuple[int, Any]]:
    answers: SimpleQueue[tuple[int, Any]] = SimpleQueue()

    async def step(value: int) -> tuple[int, Any]:
        try:
            return value, await batcher.submit(value)
        except ValueError as error:
            return value, error

    for value in values:
        ended(step(value), answers)
    return answers


def test_a_value_alone_waits_for_no_other() -> None:
    batcher: Batcher[int, int] = Batcher("alone", lambda batch: batch, limit=10, threads=1)
    assert submit(batcher, [7]).get(timeout=10) == (7, 7)


def test_what_waits_while_a_thread_is_busy_becomes_one_call_up_to_the_limit() -> None:
    first_is_in, let_it_go = threading.Event(), threading.Event()
    sizes: list[int] = []

    def handle(batch: Sequence[int]) -> Sequence[int]:
        sizes.append(len(batch))
        first_is_in.set()
        let_it_go.wait(10)
        return batch

    batcher = Batcher("busy", handle, limit=10, threads=1)
    first = submit(batcher, [0])
    first_is_in.wait(10)
    others = submit(batcher, range(1, 26))
    let_it_go.set()
    assert first.get(timeout=10) == (0, 0)
    assert sorted(others.get(timeout=10)[0] for _ in range(25)) == list(range(1, 26))
    assert sizes == [1, 10, 10, 5]


@given(st.lists(st.integers(), max_size=50), st.integers(1, 7), st.integers(1, 3))
def test_each_caller_gets_the_answer_to_its_own_value(
    values: list[int], limit: int, threads: int
) -> None:
    batcher: Batcher[int, int] = Batcher(
        "own", lambda batch: [2 * value for value in batch], limit=limit, threads=threads
    )
    waiting = submit(batcher, values)
    answers = [waiting.get(timeout=10) for _ in values]
    assert sorted(answers) == sorted((value, 2 * value) for value in values)


def test_an_error_reaches_every_caller_of_the_batch_and_the_next_batch_works() -> None:
    def handle(batch: Sequence[int]) -> Sequence[int]:
        if min(batch) < 0:
            raise ValueError("negative")
        return batch

    batcher = Batcher("failing", handle, limit=1, threads=1)
    waiting = submit(batcher, [-1, 1])
    answers = dict(waiting.get(timeout=10) for _ in range(2))
    assert isinstance(answers[-1], ValueError)
    assert answers[1] == 1
