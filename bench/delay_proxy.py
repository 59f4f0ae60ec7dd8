"""A TCP proxy that makes a server slow: a wait of its own for each request or each answer.

What is delayed is told by the octets: an S3 request by its method as its first ones pass, a
database transaction by the server's word, at its end, that the session is idle again. Each
connection has its own threads, so that one that waits delays no other.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

CHUNK_BYTES = 1024 * 1024

_IDLE = b"Z\x00\x00\x00\x05I"
"""PostgreSQL's ReadyForQuery, outside of a transaction."""


class Delays(Protocol):
    """How long what passes on one connection has to wait, in seconds."""

    def outbound(self, data: bytes) -> float:
        """Of octets on their way to the server."""
        ...

    def inbound(self, data: bytes) -> float:
        """Of octets on their way back."""
        ...


class S3Delays:
    """A wait for each download and each upload."""

    def __init__(self, download_seconds: float, upload_seconds: float) -> None:
        self._seconds = {b"GET ": download_seconds, b"PUT ": upload_seconds}
        self._answered = True

    def outbound(self, data: bytes) -> float:
        """The wait of a request's first octets: the first ones after an answer."""
        begins, self._answered = self._answered, False
        return self._seconds.get(data[:4], 0.0) if begins else 0.0

    def inbound(self, data: bytes) -> float:
        """None, but the next octets out begin a request."""
        self._answered = True
        return 0.0


class TransactionDelays:
    """A wait at the end of each transaction, single statements that are one included."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._started = False

    def outbound(self, data: bytes) -> float:
        """None."""
        return 0.0

    def inbound(self, data: bytes) -> float:
        """The wait of an answer that ends a transaction; the first one ends the log-in."""
        if not data.endswith(_IDLE):
            return 0.0
        before, self._started = self._started, True
        return self._seconds if before else 0.0


class _Proxy:
    """Listens, and forwards each connection on two threads."""

    def __init__(self, target: tuple[str, int], delays: Callable[[], Delays]) -> None:
        self._target = target
        self._delays = delays
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let no more connections in; open ones end with their client."""
        # A thread in accept() does not notice a mere close.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            delays = self._delays()
            for pump in ((client, server, delays.outbound), (server, client, delays.inbound)):
                threading.Thread(target=_pump, args=pump, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, delay_of: Callable[[bytes], float]) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            seconds = delay_of(data)
            if seconds > 0:
                time.sleep(seconds)
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@contextmanager
def delayed(target: tuple[str, int], delays: Callable[[], Delays]) -> Iterator[int]:
    """The port of a proxy to a server until the block ends; `delays` is called a connection."""
    proxy = _Proxy(target, delays)
    try:
        yield proxy.port
    finally:
        proxy.close()
