"""An outage is waited out in place; a call that fails alone is the message's own failure."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from colecionador.domain.events import Dependency, DependencyChanged
from colecionador.domain.failures import ErrorType, Failure
from colecionador.steps import outages
from colecionador.steps.outages import OutageWatch
from colecionador.steps.stale import GivenUp
from colecionador.steps.tasks import Hop, Resume
from connectors.memory.telemetry import MemoryTelemetry
from tests.steps.ended import ended

UNAVAILABLE = Failure(ErrorType.SOURCE_UNAVAILABLE, "no answer")
MISSING = Failure(ErrorType.SOURCE_MISSING, "no such object")


class Server:
    """A dependency that can be down; knows how often it was called and probed."""

    def __init__(self) -> None:
        self.down = False
        self.calls = 0
        self.probes = 0
        self.object_fails = False

    def call(self) -> Hop[str | Failure]:
        def start(resume: Resume) -> None:
            self.calls += 1
            resume(UNAVAILABLE if self.down or self.object_fails else "value")

        return Hop(start)

    def probe(self) -> Failure | None:
        self.probes += 1
        return UNAVAILABLE if self.down else None


class Watched:
    """A server under a watch, and what a paused flow would be told."""

    def __init__(self) -> None:
        self.server = Server()
        self.telemetry = MemoryTelemetry()
        self.went_down = threading.Event()
        self.watch = OutageWatch(Dependency.S3, self.server.probe, self.telemetry, self._changed)

    def _changed(self) -> None:
        if not self.watch.up:
            self.went_down.set()

    def call(self) -> SimpleQueue[str | Failure]:
        return ended(self.watch.call(self.server.call))


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "FIRST_PROBE_SECONDS", 0.001)
    monkeypatch.setattr(outages, "LONGEST_PROBE_SECONDS", 0.01)


def test_a_call_that_works_is_made_once_and_probes_nothing() -> None:
    watched = Watched()
    assert watched.call().get(timeout=10) == "value"
    assert (watched.server.calls, watched.server.probes) == (1, 0)


def test_a_call_that_fails_although_its_server_answers_is_the_messages_own_failure() -> None:
    watched = Watched()
    watched.server.object_fails = True
    assert watched.call().get(timeout=10) == UNAVAILABLE
    assert watched.server.calls == outages.TRIES
    assert not watched.telemetry.of(DependencyChanged)


def test_a_call_may_be_tried_again_before_its_failure_is_its_own() -> None:
    watched = Watched()
    watched.server.object_fails = True
    assert ended(watched.watch.call(watched.server.call, tries=3)).get(timeout=10) == UNAVAILABLE
    assert watched.server.calls == 3


def test_while_the_server_is_down_everybody_waits_and_goes_on_when_it_returns() -> None:
    watched = Watched()
    watched.server.down = True
    calls = [watched.call() for _ in range(5)]
    assert watched.went_down.wait(10)
    assert all(call.empty() for call in calls)
    watched.server.down = False
    assert [call.get(timeout=10) for call in calls] == ["value"] * 5


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    watched = Watched()
    watched.server.down = True
    calls = [watched.call() for _ in range(5)]
    assert watched.went_down.wait(10)
    watched.server.down = False
    for call in calls:
        call.get(timeout=10)
    changes = watched.telemetry.of(DependencyChanged)
    assert [change.up for change in changes] == [False, True]
    assert changes[0].reason == "no answer"


def test_a_probe_that_raises_counts_as_one_that_fails() -> None:
    watched = Watched()
    broken, mended = threading.Event(), threading.Event()

    def probe() -> Failure | None:
        if mended.is_set():
            return None
        broken.set()
        raise OSError("broken prober")

    watch = OutageWatch(Dependency.S3, probe, watched.telemetry, lambda: None)
    waiting = ended(watch.ready())
    assert broken.wait(10)
    mended.set()
    assert waiting.get(timeout=10) is None


def test_a_dependency_that_answers_at_the_start_is_told_to_be_up() -> None:
    watched = Watched()
    assert ended(watched.watch.ready()).get(timeout=10) is None
    (change,) = watched.telemetry.of(DependencyChanged)
    assert change.up


def test_a_trial_that_fails_is_an_outage_although_the_server_answers() -> None:
    watched = Watched()
    watched.server.object_fails = True
    full: list[Failure] = [UNAVAILABLE]
    call = ended(watched.watch.call(watched.server.call, trial=lambda: full[0] if full else None))
    assert watched.went_down.wait(10)
    assert call.empty()
    watched.server.object_fails = False
    full.clear()
    assert call.get(timeout=10) == "value"
    assert [change.up for change in watched.telemetry.of(DependencyChanged)] == [False, True]


def test_work_that_nobody_wants_any_more_is_given_up_when_the_server_returns() -> None:
    watched = Watched()
    watched.server.down = True
    wanted = [True]
    call = ended(watched.watch.call(watched.server.call, is_wanted=lambda: bool(wanted)))
    assert watched.went_down.wait(10)
    wanted.clear()
    watched.server.down = False
    assert isinstance(call.get(timeout=10), GivenUp)
    assert watched.server.calls == 1


def test_however_many_calls_fail_at_once_they_share_a_probe_or_two() -> None:
    watched = Watched()
    watched.server.object_fails = True
    release, probing = threading.Event(), threading.Event()

    def slow_probe() -> Failure | None:
        watched.server.probes += 1
        probing.set()
        release.wait(10)
        return None

    watch = OutageWatch(Dependency.S3, slow_probe, watched.telemetry, lambda: None)
    calls = [ended(watch.call(watched.server.call, tries=1)) for _ in range(50)]
    assert probing.wait(10)
    release.set()
    assert [call.get(timeout=10) for call in calls] == [UNAVAILABLE] * 50
    assert watched.server.probes <= 3


def test_a_failure_that_no_outage_causes_is_not_probed() -> None:
    watched = Watched()

    def missing() -> Hop[str | Failure]:
        return Hop(lambda resume: resume(MISSING))

    assert ended(watched.watch.call(missing)).get(timeout=10) == MISSING
    assert watched.server.probes == 0
