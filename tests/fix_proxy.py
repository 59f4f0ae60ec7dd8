"""A TCP proxy that injects faults: it cuts, stalls, refuses, delays, throttles or corrupts."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

_CHUNK_BYTES = 65536
_LARGE_BYTES = 4096
_WAIT_SECONDS = 60.0


class Proxy:
    """Forwards connections on `port` of this machine to a server, until it is told otherwise.

    Faults are those of a network: `cut` resets every open connection, `stall` holds back what is
    under way with the connections open, `refuse` lets no new connection in, `abandon` leaves the
    open connections without their other ends, as a firewall that forgets them does.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flowing = threading.Event()
        self._flowing.set()
        self._refusing = False
        self._delay_seconds = 0.0
        self._octets_a_second = float("inf")
        self._to_corrupt = 0
        self._abandoned: set[socket.socket] = set()
        self._cut_after: bytes | None = None
        self.cut_happened = threading.Event()
        """Set once the octets of `cut_after` have passed."""
        self._lock = threading.Lock()
        self._let_in = 0
        self._came_in = threading.Condition(self._lock)
        self._open: set[socket.socket] = set()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connections(self) -> int:
        """How many connections were let in so far."""
        return self._let_in

    def wait_for_connections(self, count: int) -> None:
        """Return as soon as so many connections were let in."""
        with self._came_in:
            came = self._came_in.wait_for(lambda: self._let_in >= count, _WAIT_SECONDS)
        assert came, f"{self._let_in} of {count} connections came in"

    def cut(self) -> None:
        """Reset every open connection; new ones are let in."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _reset(connection)

    def cut_after(self, octets: bytes) -> None:
        """Reset the connection on which these octets go to the server, right after they passed."""
        self.cut_happened.clear()
        self._cut_after = octets

    def stall(self) -> None:
        """Forward nothing, with every connection open, until `flow`."""
        self._flowing.clear()

    def flow(self) -> None:
        """Forward again, beginning with what was held back."""
        self._flowing.set()

    def refuse(self) -> None:
        """Reset every open connection, and each new one, until `admit`."""
        self._refusing = True
        self.cut()

    def admit(self) -> None:
        """Let connections in again."""
        self._refusing = False

    def abandon(self) -> None:
        """Pass nothing on over the connections that are open now, ever; new ones work."""
        with self._lock:
            self._abandoned.update(self._open)

    def slow_down(self, delay_seconds: float = 0.0, octets_a_second: float = float("inf")) -> None:
        """Hold back each piece for a while, and pass so much on a second; by default no more."""
        self._delay_seconds = delay_seconds
        self._octets_a_second = octets_a_second

    def corrupt(self, pieces: int) -> None:
        """Damage a bit of so many large pieces that pass, in either direction."""
        with self._lock:
            self._to_corrupt = pieces

    def close(self) -> None:
        """Take it down with all its connections and threads."""
        self._closed = True
        self._flowing.set()
        # A thread in accept() does not notice a mere close.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                _reset(client)
                continue
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            self._join(client, server)

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        with self._came_in:
            self._open.update((client, server))
            self._let_in += 1
            self._came_in.notify_all()
        for source, target, outbound in ((client, server, True), (server, client, False)):
            thread = threading.Thread(
                target=self._pump, args=(source, target, outbound), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _pump(self, source: socket.socket, target: socket.socket, outbound: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                self._flowing.wait()
                if source in self._abandoned:
                    continue
                # The slowness that was asked for is the fault itself; nothing is waited for.
                time.sleep(self._delay_seconds + len(data) / self._octets_a_second)
                target.sendall(self._damaged(data))
                if outbound and self._cut_after is not None and self._cut_after in data:
                    self._cut_after = None
                    self.cut_happened.set()
                    break
        for connection in (source, target):
            _reset(connection)
            with self._lock:
                self._open.discard(connection)

    def _damaged(self, data: bytes) -> bytes:
        with self._lock:
            # What is large is content; the start of it may still be a header's.
            if self._to_corrupt == 0 or len(data) < _LARGE_BYTES:
                return data
            self._to_corrupt -= 1
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def _reset(connection: socket.socket) -> None:
    """Close with a reset, and wake a thread that reads from it."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """A proxy to this server until the block ends."""
    with Proxy(host, port) as proxy:
        yield proxy
