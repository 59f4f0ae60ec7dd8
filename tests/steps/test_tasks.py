"""Coroutines over threads: values and errors come back to where they are awaited."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any

import pytest

from colecionador.steps.pools import Pool
from colecionador.steps.tasks import Hop, Resume, Step, after, run
from tests.steps.ended import ended


def outcome_of(step: Step[Any]) -> Any:
    """The value or the exception that a step ends with."""
    return ended(step).get(timeout=10)


def test_a_step_begins_on_the_callers_thread_and_goes_on_where_its_hop_ended() -> None:
    pool = Pool("elsewhere", 1)
    threads = []

    async def step() -> str:
        threads.append(threading.current_thread().name)
        name = await pool.call(lambda: threading.current_thread().name)
        threads.append(threading.current_thread().name)
        return name

    assert outcome_of(step()) == "elsewhere-0"
    assert threads == [threading.current_thread().name, "elsewhere-0"]


def test_an_error_in_a_hop_is_raised_at_its_await() -> None:
    pool = Pool("failing", 1)

    def fail() -> None:
        raise ValueError("broken")

    async def step() -> str:
        try:
            await pool.call(fail)
        except ValueError as error:
            return f"caught {error}"
        return "nothing was raised"

    assert outcome_of(step()) == "caught broken"


def test_an_error_that_leaves_a_step_is_handed_on_and_the_pool_goes_on() -> None:
    pool = Pool("survivor", 1)

    async def failing() -> None:
        await pool.call(int, "no number")

    async def working() -> int:
        return await pool.call(int, "7")

    assert isinstance(outcome_of(failing()), ValueError)
    assert outcome_of(working()) == 7


def test_a_hop_that_ends_at_once_needs_no_other_thread() -> None:
    def at_once(resume: Resume) -> None:
        resume("now")

    async def step() -> list[str]:
        return [await Hop[str](at_once) for _ in range(3)]

    assert outcome_of(step()) == ["now"] * 3


def test_waiting_occupies_no_pool_thread() -> None:
    pool = Pool("single", 1)

    async def waiting() -> str:
        await pool.call(lambda: None)
        await after(30)
        return "waited"

    async def working() -> str:
        return await pool.call(lambda: "worked")

    run(waiting())
    assert outcome_of(working()) == "worked"


def test_a_pool_runs_as_many_calls_at_once_as_it_has_threads() -> None:
    pool = Pool("side-by-side", 3)
    meeting = threading.Barrier(3, timeout=10)
    met: SimpleQueue[int] = SimpleQueue()

    async def step() -> None:
        await pool.call(meeting.wait)
        met.put(1)

    for _ in range(3):
        run(step())
    assert sum(met.get(timeout=10) for _ in range(3)) == 3


@pytest.mark.parametrize("count", [1, 1000])
def test_every_one_of_many_steps_ends_once(count: int) -> None:
    pool = Pool("many", 4)
    numbers: SimpleQueue[int] = SimpleQueue()

    async def step(number: int) -> int:
        return await pool.call(lambda: number) + await pool.call(lambda: number)

    for number in range(count):
        ended(step(number), numbers)
    assert sorted(numbers.get(timeout=10) for _ in range(count)) == [2 * n for n in range(count)]
    assert numbers.empty()
