"""Connections to PostgreSQL: how many, how long anything may take, and which are still alive.

Nothing waits for ever:

| what                             | at most | by                                              |
|----------------------------------|---------|-------------------------------------------------|
| connecting                       | 5 s     | `connect_timeout`                               |
| a free connection                | 10 s    | the pool                                        |
| a statement, its locks included  | 15 s    | `statement_timeout`, by the server              |
| a transaction that does nothing  | 30 s    | `idle_in_transaction_session_timeout`           |
| an answer                        | 20 s    | `BoundedConnection`, where the server is silent |
| data nobody acknowledges         | 20 s    | `tcp_user_timeout`                              |
| a dead peer on an idle connection| 60 s    | keepalives, 30 s + 3 × 10 s                     |

A parameter in the database URL wins over these (`?connect_timeout=2`, `?options=-c%20…`).
"""

from __future__ import annotations

import select
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait
from psycopg_pool import ConnectionPool

FREE_CONNECTION_SECONDS = 10.0
ANSWER_SECONDS = 20.0

_DEFAULTS = {
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "augment",
    "options": (
        "-c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000 -c TimeZone=UTC"
    ),
}

Answer = TypeVar("Answer")


class NoAnswer(psycopg.OperationalError):
    """The server holds the connection but has not answered; the connection is closed."""


class BoundedConnection(psycopg.Connection[TupleRow]):
    """A connection that gives up on a server which accepts a statement and never answers.

    `opened_at` is of `time.monotonic`.

    `statement_timeout` is the server's own promise: a frozen server, or a proxy whose other side
    is gone, keeps none, and acknowledges on the TCP level all the same.
    """

    opened_at = 0.0
    answer_seconds: float | None = None

    def wait(
        self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None
    ) -> Answer:
        """As the base class, but raises `NoAnswer` after `answer_seconds`, or the default."""
        try:
            return super().wait(
                _answered_in_time(gen, self.answer_seconds or ANSWER_SECONDS), interval, timeout
            )
        except NoAnswer:
            self.close()
            raise


class Pool:
    """At most `size` connections, opened lazily: none until the first is asked for."""

    def __init__(self, database_url: str, size: int) -> None:
        self._size = size
        self._trusted_since = 0.0
        self._pool = ConnectionPool(
            complete_conninfo(database_url),
            connection_class=BoundedConnection,
            kwargs={"autocommit": True},
            min_size=min(1, size),
            max_size=size,
            timeout=FREE_CONNECTION_SECONDS,
            # A background attempt lives no longer than who waits for it: its growing delay must
            # not outlast the outage. The next caller starts a new one.
            reconnect_timeout=FREE_CONNECTION_SECONDS,
            configure=_note_opening,
            open=False,
            name="augment-postgres",
        )

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[TupleRow]]:
        """A live connection in autocommit mode. Raises `psycopg.OperationalError`."""
        self._pool.open()
        connection = self._live_connection()
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    def distrust(self) -> None:
        """Use none of the present connections any more: their other end may be gone."""
        self._trusted_since = time.monotonic()

    def close(self) -> None:
        """Close every connection; for good."""
        self._pool.close()

    def _live_connection(self) -> BoundedConnection:
        """One that its server has not closed meanwhile, known without a round trip.

        After a restart of the server every idle connection is dead; the pool's own `check` would
        ask the server each time, and sleep a second after each dead one.
        """
        for _ in range(self._size):
            connection = self._pool.getconn()
            if connection.opened_at >= self._trusted_since and _is_alive(connection):
                return connection
            connection.close()
            self._pool.putconn(connection)
        return self._pool.getconn()


def complete_conninfo(database_url: str) -> str:
    """The URL with our time-outs, where it does not set its own."""
    given = {name: str(value) for name, value in conninfo_to_dict(database_url).items()}
    return make_conninfo("", **{**_DEFAULTS, **given})


def connect(database_url: str, seconds: int | None = None) -> BoundedConnection:
    """One connection outside of any pool, in autocommit mode. Raises `psycopg.Error`.

    With `seconds`, connecting and each answer may take so long, whatever else is set.
    """
    limits = {} if seconds is None else {"connect_timeout": str(seconds)}
    conninfo = make_conninfo(complete_conninfo(database_url), **limits)
    connection = BoundedConnection.connect(conninfo, autocommit=True)
    connection.answer_seconds = seconds
    return connection


def _note_opening(connection: BoundedConnection) -> None:
    connection.opened_at = time.monotonic()


def _is_alive(connection: BoundedConnection) -> bool:
    try:
        readable = select.poll()
        readable.register(connection.fileno(), select.POLLIN)
        while readable.poll(0):
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return False
    return True


def _answered_in_time(gen: PQGen[Answer], seconds: float) -> Generator[Wait, Ready | int, Answer]:
    deadline = time.monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                raise NoAnswer(f"no answer within {seconds:g} s")
            wanted = gen.send(ready)
    except StopIteration as finished:
        answer: Answer = finished.value
        return answer
