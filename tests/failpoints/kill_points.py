"""Points of an item's life at which a process kills itself, and limits made short.

Loaded by `sitecustomize` where the environment asks for it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from connectors.postgres import pool
from connectors.postgres.ledger import PostgresLedger
from connectors.rabbitmq import backoff
from connectors.rabbitmq.confirmed_publisher import ConfirmedPublisher
from connectors.rabbitmq.lane import RabbitLane
from connectors.rabbitmq.lanes import RabbitLanes
from connectors.s3.transport import Transport


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


def _send_half(method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Send a request over http up to the middle of its body: libcurl cannot be stopped there."""
    address = urlsplit(url)
    lines = [f"{method} {address.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    with socket.create_connection((address.hostname or "", address.port or 80)) as connection:
        connection.sendall(head + body[: len(body) // 2])


def kill_at(point: str, count: int) -> None:
    """Put a kill point into one of the places of `tests.failpoints.POINTS`."""
    here = KillPoint(count)
    places = {
        "after_register": (PostgresLedger, "register", False),
        "before_commit": (PostgresLedger, "commit", True),
        "after_commit": (PostgresLedger, "commit", False),
        "before_publish": (ConfirmedPublisher, "_send", True),
        "after_publish": (RabbitLane, "_confirmed", True),
    }
    if point == "mid_upload":
        request = Transport.request

        def request_half(self, method, url, headers, body=None, *limit):  # type: ignore[no-untyped-def]  # whatever the client sends
            if len(body or b"") > 4096 and here.is_last():
                _send_half(method, url, {**headers, "Content-Length": f"{len(body)}"}, body)
                os.kill(os.getpid(), signal.SIGKILL)
            return request(self, method, url, headers, body, *limit)

        setattr(Transport, request.__name__, request_half)
        return
    if point == "mid_commit":
        answered = pool._answered_in_time

        def unanswered(gen, seconds):  # type: ignore[no-untyped-def]  # whatever psycopg waits for
            if threading.current_thread().name.startswith("commit") and here.is_last():
                next(gen)  # the statement is on its way
                os.kill(os.getpid(), signal.SIGKILL)
            return answered(gen, seconds)

        setattr(pool, answered.__name__, unanswered)
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
