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


def test_a_call_of_the_pool_that_a_step_is_on_is_made_there_and_waits_for_no_other_thread() -> None:
    # Of one thread: a call that waited for another one would never be made.
    pool = Pool("only", 1)
    names = []

    async def step() -> str:
        await pool.call(int, "1")
        names.append(await pool.call(lambda: threading.current_thread().name))
        try:
            await pool.call(int, "no number")
        except ValueError:
            names.append(threading.current_thread().name)
        return await pool.call(lambda: threading.current_thread().name)

    assert outcome_of(step()) == "only-0"
    assert names == ["only-0", "only-0"]


def test_a_step_that_a_call_lets_go_on_waits_for_its_turn_in_the_pool() -> None:
    pool = Pool("crowded", 1)
    order: list[int] = []
    waiting: SimpleQueue[Resume] = SimpleQueue()

    async def let_go(number: int) -> None:
        await Hop(waiting.put)
        await pool.call(order.append, number)

    def let_all_go() -> None:
        while not waiting.empty():
            waiting.get()(None)
        order.append(0)

    async def first() -> None:
        await pool.call(let_all_go)

    # More than the interpreter would nest.
    others = [ended(let_go(number)) for number in range(1, 2000)]
    assert outcome_of(first()) is None
    for other in others:
        assert other.get(timeout=10) is None
    assert order == list(range(2000))


def test_a_pool_counts_a_call_that_another_ones_thread_makes_for_it() -> None:
    pool, elsewhere = Pool("counting", 1), Pool("elsewhere", 1)
    began, ends = threading.Event(), threading.Event()

    def hang() -> str:
        began.set()
        ends.wait(10)
        return threading.current_thread().name

    async def step() -> str:
        return await elsewhere.call(pool.call_here, hang)

    ending = ended(step())
    assert began.wait(10)
    assert pool.longest_call_seconds() > 0
    ends.set()
    assert ending.get(timeout=10) == "elsewhere-0"
    assert pool.longest_call_seconds() == 0


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
