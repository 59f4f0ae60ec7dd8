"""The operators in a real dataflow, at one and at several workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import TestingSink, TestingSource, cluster_main, run_main

from colecionador.steps.pools import Pool
from flows.operators import Group, async_map, gather, split


class Settling(FixedPartitionedSource[int, None], DynamicSink[tuple[str, object]]):
    """A source that ends when as many values came out as went in, as lanes do; and their sink."""

    def __init__(self, values: Iterable[int]) -> None:
        self.values = list(values)
        self.found: list[object] = []
        self.lock = threading.Lock()

    def list_parts(self) -> list[str]:
        return ["only"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> SettlingPartition:
        return SettlingPartition(self)

    def build(self, step_id: str, worker_index: int, worker_count: int) -> SettlingSink:
        return SettlingSink(self)


class SettlingPartition(StatefulSourcePartition[int, None]):
    def __init__(self, settling: Settling) -> None:
        self.settling = settling
        self.left = list(settling.values)

    def next_batch(self) -> list[int]:
        batch, self.left = self.left[:7], self.left[7:]
        if not batch and len(self.settling.found) == len(self.settling.values):
            raise StopIteration
        return batch

    def next_awake(self) -> datetime:
        return datetime.now(UTC) + timedelta(milliseconds=1)

    def snapshot(self) -> None:
        return None


class SettlingSink(StatelessSinkPartition[tuple[str, object]]):
    def __init__(self, settling: Settling) -> None:
        self.settling = settling

    def write_batch(self, items: list[tuple[str, object]]) -> None:
        with self.settling.lock:
            self.settling.found += [value for _, value in items]


class Squaring:
    """Squares on a pool; a negative number is an error."""

    def __init__(self, square: Callable[[int], int]) -> None:
        self.pool = Pool("square", 4)
        self.square = square

    async def __call__(self, value: int) -> int | str:
        return await self.pool.call(self.square, value)

    def caught(self, value: int, error: Exception) -> str:
        return f"caught: {error}"


def run_squares(values: Iterable[int], square: Callable[[int], int], workers: int) -> list[object]:
    settling = Settling(values)
    flow = Dataflow("squares")
    numbers = op.input("numbers", flow, settling)
    by_remainder = op.key_on("remainder", numbers, lambda number: str(number % 5))
    op.output("found", async_map("square", by_remainder, Squaring(square)), settling)
    cluster_main(flow, [], 0, worker_count_per_proc=workers)
    return settling.found


@pytest.mark.parametrize("workers", [1, 3])
def test_every_value_comes_out_of_an_asynchronous_step_once(workers: int) -> None:
    found = run_squares(range(200), lambda value: value * value, workers)
    assert sorted(found) == [value * value for value in range(200)]  # type: ignore[type-var]  # all are numbers


def test_steps_of_one_key_are_in_flight_side_by_side() -> None:
    meeting = threading.Barrier(4, timeout=20)

    def meet(value: int) -> int:
        meeting.wait()
        return value

    assert sorted(map(str, run_squares([5, 10, 15, 20], meet, 1))) == ["10", "15", "20", "5"]


def test_an_exception_in_a_step_becomes_a_value_and_the_flow_goes_on() -> None:
    def square(value: int) -> int:
        if value < 0:
            raise ValueError(f"{value} is negative")
        return value * value

    found = run_squares([2, -3, 4], square, 1)
    assert sorted(map(str, found)) == ["16", "4", "caught: -3 is negative"]


def test_values_are_gathered_by_identity_across_batches() -> None:
    found: list[tuple[str, str]] = []
    flow = Dataflow("words")
    letters = [("a", 3, x) for x in "cat"] + [("b", 2, x) for x in "ox"]
    mixed = [letters[i] for i in (0, 3, 1, 4, 2)]
    keyed = op.key_on("key", op.input("in", flow, TestingSource(mixed, 2)), lambda _: "all")
    group: Group[tuple[str, int, str], str] = Group(
        identity=lambda letter: letter[0],
        size=lambda letter: letter[1],
        finish=lambda group: "".join(letter[2] for letter in group),
    )
    op.output("out", gather("word", keyed, group), TestingSink(found))
    run_main(flow)
    assert [word for _, word in found] == ["ox", "cat"]


def test_a_stream_is_split_by_type() -> None:
    numbers: list[int] = []
    words: list[str] = []
    flow = Dataflow("split")
    source = op.input("in", flow, TestingSource([1, "one", 2, "two"]))
    ints, strings = split("ints", source, int)
    op.output("numbers", ints, TestingSink(numbers))
    op.output("words", strings, TestingSink(words))
    run_main(flow)
    assert (numbers, words) == ([1, 2], ["one", "two"])
