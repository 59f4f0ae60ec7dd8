"""The I/O thread outlives whatever is raised on it."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from colecionador.domain.events import DependencyChanged
from connectors.rabbitmq.io import IoThread
from tests.connectors.rabbitmq.bench import completion
from tests.connectors.rabbitmq.conftest import OpenBench

WAIT_SECONDS = 30


class Outcomes:
    """What happened on the thread, in order, for the test's thread to await."""

    def __init__(self) -> None:
        self._happened: queue.Queue[str] = queue.Queue()

    def note(self, what: str) -> None:
        """Called on the I/O thread."""
        self._happened.put(what)

    def next(self) -> str:
        """Called by the test."""
        return self._happened.get(timeout=WAIT_SECONDS)


@pytest.fixture
def outcomes() -> Outcomes:
    """What happened."""
    return Outcomes()


@pytest.fixture
def io(outcomes: Outcomes) -> Iterator[IoThread]:
    """A running I/O thread."""
    thread = IoThread(lambda error: outcomes.note(f"caught {error}"))
    thread.start()
    yield thread
    thread.call(thread.stop)
    assert thread.join(WAIT_SECONDS)


def _raise(message: str) -> None:
    raise ValueError(message)


def test_an_exception_in_a_call_is_told_and_the_next_call_is_made(
    io: IoThread, outcomes: Outcomes
) -> None:
    io.call(lambda: _raise("in a call"))
    io.call(lambda: outcomes.note("next"))
    assert [outcomes.next(), outcomes.next()] == ["caught in a call", "next"]


def test_an_exception_in_a_timer_is_told_and_the_next_timer_fires(
    io: IoThread, outcomes: Outcomes
) -> None:
    def arm() -> None:
        io.call_later(0.01, lambda: _raise("in a timer"))
        io.call_later(0.01, lambda: outcomes.note("next"))

    io.call(arm)
    assert [outcomes.next(), outcomes.next()] == ["caught in a timer", "next"]


def test_no_timer_is_lost_to_an_exception_of_pikas_own(io: IoThread, outcomes: Outcomes) -> None:
    def arm() -> None:
        # As pika arms its heartbeats: nothing stands between this one and its loop.
        io.loop.call_later(0, lambda: _raise("in pika"))
        io.call_later(0, lambda: outcomes.note("due together"))
        io.call_later(0.05, lambda: outcomes.note("due later"))

    io.call(arm)
    assert [outcomes.next() for _ in range(3)] == ["caught in pika", "due together", "due later"]


def test_a_cancelled_timer_does_not_fire(io: IoThread, outcomes: Outcomes) -> None:
    def arm() -> None:
        io.call_later(0.01, lambda: outcomes.note("cancelled")).cancel()
        io.call_later(0.05, lambda: outcomes.note("after it"))

    io.call(arm)
    assert outcomes.next() == "after it"


def test_an_unexpected_exception_ends_in_a_reconnect_and_a_redelivery(
    open_bench: OpenBench,
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (first,) = bench.take(1)
    # Nothing that the types allow; it fails on the I/O thread.
    bench.lanes.settle(first.id.lane, [None])  # type: ignore[list-item]
    assert "AttributeError" in str(bench.await_notice("Broker I/O failed").fields)
    (second,) = bench.take(1)
    assert second.message_id == first.message_id
    bench.settle_and_wait(completion(second))
    changes = [change.up for change in bench.telemetry.of(DependencyChanged)]
    assert changes == [True, False, True]
