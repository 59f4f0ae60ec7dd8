"""Readiness is what the last real round trip said, and a new one where that is old."""

from __future__ import annotations

import threading

import pytest

from colecionador.domain.events import Dependency, DependencyCalled, DependencyChanged, Event
from connectors.telemetry import readiness as readiness_module
from connectors.telemetry.readiness import FRESH_SECONDS, Readiness

S3, POSTGRES = Dependency.S3, Dependency.POSTGRES


class World:
    """Two dependencies that can be down, and a clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.down: set[Dependency] = set()
        self.probes: list[Dependency] = []
        self.readiness = Readiness(lambda: self.now)
        self.readiness.watch({S3: lambda: self._probe(S3), POSTGRES: lambda: self._probe(POSTGRES)})

    def _probe(self, dependency: Dependency) -> str | None:
        self.probes.append(dependency)
        return "down" if dependency in self.down else None

    def tell(self, *events: Event) -> None:
        for event in events:
            self.readiness.emit(event)

    def ask(self) -> dict[str, bool]:
        return {each.value: up for each, up in self.readiness.dependencies().items()}


@pytest.fixture
def world() -> World:
    return World()


def test_of_what_nothing_is_known_is_probed(world: World) -> None:
    world.down.add(S3)
    assert world.ask() == {"s3": False, "postgres": True}
    assert sorted(world.probes) == [POSTGRES, S3]


def test_a_call_that_succeeded_a_moment_ago_needs_no_probe(world: World) -> None:
    world.tell(*(DependencyCalled(each, "any", 0.1) for each in (S3, POSTGRES)))
    world.now += FRESH_SECONDS
    assert world.ask() == {"s3": True, "postgres": True}
    assert world.probes == []


def test_an_old_yes_is_never_repeated(world: World) -> None:
    assert world.ask()["s3"]
    world.down.add(S3)
    world.now += FRESH_SECONDS + 0.1
    assert not world.ask()["s3"]


def test_an_old_no_is_not_repeated_either(world: World) -> None:
    world.tell(DependencyChanged(S3, up=False, reason="refused"))
    assert not world.ask()["s3"]
    assert S3 not in world.probes
    world.now += FRESH_SECONDS + 0.1
    assert world.ask()["s3"]


def test_a_call_that_failed_voids_what_was_known(world: World) -> None:
    assert world.ask()["s3"]
    world.down.add(S3)
    world.tell(DependencyCalled(S3, "download", 0.1, succeeded=False))
    assert not world.ask()["s3"]


def test_a_probe_that_raises_has_had_no_answer() -> None:
    readiness = Readiness()

    def broken() -> None:
        raise OSError("broken")

    readiness.watch({S3: broken})
    assert readiness.dependencies() == {S3: False}


def test_a_dependency_that_does_not_answer_is_down_and_is_asked_once_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness_module, "PATIENCE_SECONDS", 0.05)
    readiness, answered = Readiness(), threading.Event()
    asked: list[None] = []

    def hanging() -> None:
        asked.append(None)
        assert answered.wait(20)

    readiness.watch({S3: hanging})
    assert [readiness.dependencies()[S3] for _ in range(3)] == [False] * 3
    assert len(asked) == 1
    monkeypatch.setattr(readiness_module, "PATIENCE_SECONDS", 20.0)
    threading.Timer(0.05, answered.set).start()
    assert readiness.dependencies() == {S3: True}
