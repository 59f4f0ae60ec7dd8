"""What an orchestrator asks of a process: is it alive (`/healthz`), is it ready (`/readyz`)?

Alive: the loop of every lane's worker, and the thread that talks to the broker, moved lately. A
server that is down is no reason to start a process anew, so it is not asked here. Ready: every
server was there at the last round trip, which is a new one where that was not just now.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import orjson

from connectors.lanes.signals import Peers
from connectors.telemetry.endpoint import Page, Route
from connectors.telemetry.readiness import Readiness

LATE_SECONDS = 20.0
"""Ten pulses: a busy machine delays one or two."""


def healthz_route(
    peers: Peers, broker_silence: Callable[[], float], late_seconds: float = LATE_SECONDS
) -> Route:
    """200 while everything moves, else 503; says for how many seconds each part has been silent."""

    def page(_accept: str) -> Page:
        lanes = peers.own_silences()
        broker = broker_silence()
        alive = max((broker, *lanes.values())) <= late_seconds
        silences = {lane: round(seconds, 1) for lane, seconds in sorted(lanes.items())}
        return _page(
            alive,
            {
                "alive": alive,
                "lanes_silent_seconds": silences,
                "broker_thread_silent_seconds": round(broker, 1),
            },
        )

    return page


def readyz_route(readiness: Readiness) -> Route:
    """200 while every dependency is up, else 503; says which are."""

    def page(_accept: str) -> Page:
        up = readiness.dependencies()
        ready = all(up.values())
        dependencies = {
            dependency.value: "up" if is_up else "down" for dependency, is_up in up.items()
        }
        return _page(ready, {"ready": ready, "dependencies": dependencies})

    return page


def _page(good: bool, answer: dict[str, object]) -> Page:
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return Page(orjson.dumps(answer) + b"\n", "application/json", status)
