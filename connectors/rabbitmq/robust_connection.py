"""A connection that comes back: the recovery layer over pika's plain one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pika import URLParameters

from connectors.rabbitmq.backoff import backoff_seconds
from connectors.rabbitmq.io import IoThread, Timer
from connectors.rabbitmq.status import BrokerStatus
from connectors.rabbitmq.tolerant_connection import TolerantConnection

STABLE_SECONDS = 10.0
"""A connection that lived this long was a good one: the next backoff starts anew."""


@dataclass(frozen=True, slots=True)
class ConnectionListener:
    """What the user of a connection wants to know; all called on the I/O thread."""

    on_open: Callable[[TolerantConnection], None]
    on_lost: Callable[[], None]
    on_blocked: Callable[[bool], None] = lambda _: None
    """The broker is short of memory or disk and takes no more publishes (True), or does again."""


class RobustConnection:
    """One connection, connected again with exponential backoff whenever it is lost.

    Everything here runs on the I/O thread.
    """

    def __init__(
        self,
        name: str,
        io: IoThread,
        parameters: URLParameters,
        status: BrokerStatus,
        listener: ConnectionListener,
    ) -> None:
        self.name = name
        self._io = io
        self._parameters = parameters
        self._status = status
        self._listener = listener
        self._connection: TolerantConnection | None = None
        self._closed = False
        self._on_closed: Callable[[], None] = lambda: None
        self._tries = 0
        self._opened_at = 0.0
        self._timer: Timer | None = None

    @property
    def current(self) -> TolerantConnection | None:
        """The connection, while it is open."""
        connection = self._connection
        return connection if connection is not None and connection.is_open else None

    def connect(self) -> None:
        """Start to connect, and never stop until `close`."""
        self._timer = None
        if self._closed:
            return
        connection = TolerantConnection(
            self._parameters,
            on_open_callback=self._opened,
            on_open_error_callback=self._lost,
            on_close_callback=self._lost,
            custom_ioloop=self._io.loop,
        )
        self._connection = connection
        connection.add_on_connection_blocked_callback(
            lambda _, frame: self._blocked(str(frame.method.reason))
        )
        connection.add_on_connection_unblocked_callback(lambda _, __: self._unblocked())

    def recover(self, reason: Exception) -> None:
        """Drop the connection, whatever its state, and connect anew."""
        connection = self._connection
        if connection is not None and not connection.is_closed:
            connection.abort(reason)
        elif self._timer is None:
            self._lost(connection, reason)

    def close(self, on_closed: Callable[[], None]) -> None:
        """Close for good; what is unacknowledged goes back to its queue."""
        self._closed = True
        self._on_closed = on_closed
        connection = self._connection
        if connection is None or connection.is_closed:
            on_closed()
        elif not connection.is_closing:
            connection.close()

    def abort(self, reason: Exception) -> None:
        """Drop the socket for good."""
        self._closed = True
        if self._connection is not None:
            self._connection.abort(reason)

    def _opened(self, connection: TolerantConnection) -> None:
        self._opened_at = time.monotonic()
        self._status.up(self.name)
        self._listener.on_open(connection)

    def _lost(self, connection: TolerantConnection | None, reason: BaseException) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        if self._closed:
            self._on_closed()
            return
        if self._opened_at and time.monotonic() - self._opened_at > STABLE_SECONDS:
            self._tries = 0
        self._opened_at = 0.0
        self._tries += 1
        self._status.down(self.name, _described(reason))
        self._listener.on_lost()
        self._timer = self._io.call_later(backoff_seconds(self._tries), self.connect)

    def _blocked(self, reason: str) -> None:
        self._status.down(self.name, f"the broker takes no publishes: {reason}")
        self._listener.on_blocked(True)

    def _unblocked(self) -> None:
        self._status.up(self.name)
        self._listener.on_blocked(False)


def _described(reason: BaseException) -> str:
    return f"{type(reason).__name__}: {reason}" if str(reason) else repr(reason)
