"""What an orchestrator is told: alive while every part moves, ready while every server answers."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import orjson
import pytest

from colecionador.domain.events import Dependency
from connectors.lanes import signals
from connectors.lanes.signals import Peers, Pulse
from connectors.telemetry.endpoint import Page
from connectors.telemetry.readiness import Readiness
from flows.health import LATE_SECONDS, healthz_route, readyz_route


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(signals, "time", clock)
    return clock


@pytest.fixture
def peers(clock: Clock) -> Peers:
    """Of a process with two of the cluster's three lanes."""
    peers = Peers(("lane-0", "lane-1", "lane-2"))
    peers.adopt("lane-0")
    peers.adopt("lane-1")
    peers.expect()
    return peers


def alive(peers: Peers, broker_silence: float = 0.0) -> bool:
    page = healthz_route(peers, lambda: broker_silence)("")
    assert page.content_type == "application/json"
    answer = orjson.loads(page.body)
    assert answer["alive"] is (page.status is HTTPStatus.OK)
    assert page.status in {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
    return bool(answer["alive"])


def test_a_process_whose_lanes_are_heard_is_alive(peers: Peers, clock: Clock) -> None:
    clock.now += LATE_SECONDS + 1
    for lane in ("lane-0", "lane-1"):
        peers.hear(Pulse("lane-0", lane))
    assert alive(peers)


def test_one_silent_lane_of_its_own_is_enough_to_be_dead(peers: Peers, clock: Clock) -> None:
    clock.now += LATE_SECONDS + 1
    peers.hear(Pulse("lane-0", "lane-0"))
    assert not alive(peers)


def test_the_silence_of_another_processs_lane_is_not_its_own(peers: Peers, clock: Clock) -> None:
    clock.now += LATE_SECONDS + 1
    for lane in ("lane-0", "lane-1"):
        peers.hear(Pulse("lane-0", lane))
    assert alive(peers)
    silence = peers.silence()
    assert silence is not None
    assert silence[0] == "lane-2"


def test_a_lane_that_has_ended_is_expected_no_more(peers: Peers, clock: Clock) -> None:
    for lane in ("lane-0", "lane-1"):
        peers.hear(Pulse("lane-0", lane, ended=True))
    clock.now += LATE_SECONDS + 1
    assert alive(peers)


def test_a_broker_thread_that_stands_still_is_not_alive(peers: Peers) -> None:
    assert alive(peers, LATE_SECONDS)
    assert not alive(peers, LATE_SECONDS + 1)


def ready(*down: Dependency) -> Page:
    readiness = Readiness()

    def probe_of(dependency: Dependency) -> Callable[[], str | None]:
        return lambda: "down" if dependency in down else None

    readiness.watch({dependency: probe_of(dependency) for dependency in Dependency})
    return readyz_route(readiness)("")


def test_a_process_is_ready_while_every_dependency_answers() -> None:
    page = ready()
    assert page.status is HTTPStatus.OK
    assert orjson.loads(page.body) == {
        "ready": True,
        "dependencies": {"rabbitmq": "up", "s3": "up", "postgres": "up"},
    }


@pytest.mark.parametrize("dependency", list(Dependency))
def test_it_is_not_while_one_does_not(dependency: Dependency) -> None:
    page = ready(dependency)
    assert page.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert orjson.loads(page.body)["dependencies"][dependency.value] == "down"
