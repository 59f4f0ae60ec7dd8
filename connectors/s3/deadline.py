"""HTTP connections on which a whole request has a deadline, not only each wait.

A socket's time-out starts again with every byte that arrives, so a server that trickles holds a
thread for ever. Here every wait gets what is left of the request's time, and at most the silence
that is allowed: sending, the answer's headers and its body alike, with TLS and without. That also
frees sending from urllib3's rule that a request must be sent within the *connect* time-out.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a request may take, in seconds."""

    connect: float = 5.0
    """To connect, and again for the TLS handshake."""
    silence: float = 15.0
    """Without a byte sent or received."""
    whole: float = 120.0
    """From the first byte sent to the last received; at 64 MiB that is 4.5 Mbit/s."""


@dataclass(slots=True)
class Deadline:
    """The time of one request, and whether it had to open its connection."""

    ends_at: float
    silence: float
    connected: bool = False
    """False while it goes over a connection that an earlier request has left open."""

    def next_wait(self) -> float:
        """Seconds that the next send or receive may take."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole request took too long")
        return min(left, self.silence)


_current: ContextVar[Deadline] = ContextVar("_current")


@contextmanager
def deadline(timeouts: Timeouts) -> Iterator[Deadline]:
    """Give the requests of this thread, in this block, a deadline together."""
    given = Deadline(time.monotonic() + timeouts.whole, timeouts.silence)
    token = _current.set(given)
    try:
        yield given
    finally:
        _current.reset(token)


def _limit_next_wait(sock: socket.socket) -> None:
    wait = _current.get().next_wait()
    # Setting is a system call, comparing is none: a 4 MB object takes up to 250 receives.
    if sock.gettimeout() != wait:
        sock.settimeout(wait)


class _Reader(io.RawIOBase):
    """A socket's stream that sets the time-out before each receive."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket) -> None:
        self._stream = stream
        self._socket = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        _limit_next_wait(self._socket)
        received: int | None = self._stream.readinto(buffer)
        return received

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock))


class _Sending(HTTPConnection):
    response_class = _Response
    opened_at = 0.0

    def connect(self) -> None:
        super().connect()
        self.opened_at = time.monotonic()
        _current.get().connected = True

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        view = memoryview(data)
        while view:
            _limit_next_wait(self.sock)
            view = view[self.sock.send(view) :]


class _SecureSending(_Sending, HTTPSConnection):
    pass


class _DistrustfulPool(HTTPConnectionPool):
    """A pool that can be told to use none of its present connections any more."""

    trusted_since = 0.0

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        if connection.opened_at < self.trusted_since:
            # It opens again by itself.
            connection.close()
        return connection


class DeadlinePool(_DistrustfulPool):
    """Connections to one host over http."""

    ConnectionCls = _Sending


class SecureDeadlinePool(_DistrustfulPool, HTTPSConnectionPool):
    """Connections to one host over https."""

    ConnectionCls = _SecureSending
