"""Points of an item's life at which a process kills itself, and limits made short.

Loaded by `sitecustomize` where the environment asks for it.
"""

from __future__ import annotations

import os
import signal
import threading

from connectors.postgres import committing, pool
from connectors.postgres.ledger import PostgresLedger
from connectors.rabbitmq import backoff
from connectors.rabbitmq.confirmed_publisher import ConfirmedPublisher
from connectors.rabbitmq.lane import RabbitLane
from connectors.rabbitmq.lanes import RabbitLanes
from connectors.s3 import deadline


class KillPoint:
    """Kills this process at the count-th time that somebody comes by."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()

    def pass_by(self) -> None:
        """Come by."""
        if self.is_last():
            os.kill(os.getpid(), signal.SIGKILL)

    def is_last(self) -> bool:
        """Whether it is time."""
        with self._lock:
            self._left -= 1
            return self._left == 0


def kill_at(point: str, count: int) -> None:
    """Put a kill point into one of the places of `tests.failpoints.POINTS`."""
    here = KillPoint(count)
    places = {
        "after_register": (PostgresLedger, "register", False),
        "before_commit": (PostgresLedger, "commit", True),
        "mid_commit": (committing, "_write_rows", True),
        "after_commit": (PostgresLedger, "commit", False),
        "before_publish": (ConfirmedPublisher, "_send", True),
        "after_publish": (RabbitLane, "_confirmed", True),
    }
    if point == "mid_upload":
        sending = vars(deadline)["_Sending"]
        send = sending.send

        def send_half(self, data):  # type: ignore[no-untyped-def]  # whatever http.client sends
            if len(data) > 4096 and here.is_last():
                send(self, memoryview(data)[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            send(self, data)

        sending.send = send_half
        return
    owner, name, before = places[point]
    genuine = getattr(owner, name)

    def passing(*arguments, **named):  # type: ignore[no-untyped-def]  # whatever is called there
        if before:
            here.pass_by()
        result = genuine(*arguments, **named)
        if not before:
            here.pass_by()
        return result

    setattr(owner, name, passing)


def shorten(name: str, seconds: float) -> None:
    """Make one limit of the service short."""
    # Defaults that are bound already are changed where they are bound.
    if name == "reconnect":
        vars(backoff)["backoff_seconds"].__kwdefaults__["limit"] = seconds
    elif name == "hand_back":
        vars(RabbitLanes)["__init__"].__kwdefaults__["hand_back_seconds"] = seconds
    else:
        vars(pool)[{"answer": "ANSWER_SECONDS", "busy": "FREE_CONNECTION_SECONDS"}[name]] = seconds


def arm(environment: os._Environ[str]) -> None:
    """Do what `FAILPOINT_KILL_AT` and `FAILPOINT_LIMITS` say."""
    if environment.get("FAILPOINT_KILL_AT"):
        point, _, count = environment["FAILPOINT_KILL_AT"].partition(":")
        kill_at(point, int(count))
    for limit in filter(None, environment.get("FAILPOINT_LIMITS", "").split(",")):
        name, _, seconds = limit.partition("=")
        shorten(name, float(seconds))
