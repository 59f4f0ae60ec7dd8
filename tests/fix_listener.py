"""Listeners on loopback that stand for servers of telemetry, in good health or in bad."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEADLINE_SECONDS = 20.0


class Manner(Enum):
    """How a server answers."""

    WELL = auto()
    WITH_500 = auto()
    NEVER = auto()
    BY_CUTTING_OFF = auto()
    WITH_NONSENSE = auto()


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was read, its body unpacked."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Received:
    """What a listener has received so far; may be awaited."""

    all: list[Request] = field(default_factory=list)
    _told: threading.Condition = field(default_factory=threading.Condition)

    def add(self, request: Request) -> None:
        with self._told:
            self.all.append(request)
            self._told.notify_all()

    def wait_for(self, count: int) -> list[Request]:
        """The requests, as soon as there are so many."""
        with self._told:
            enough = self._told.wait_for(lambda: len(self.all) >= count, DEADLINE_SECONDS)
        assert enough, f"{len(self.all)} of {count} requests"
        return list(self.all)


@dataclass(slots=True)
class HttpListener:
    """An HTTP server on loopback; `manner` may be changed at any time."""

    port: int
    manner: Manner
    received: Received = field(default_factory=Received)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def http_listener(manner: Manner = Manner.WELL) -> Iterator[HttpListener]:
    """A listener until the end of the block, also of those who still wait for an answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    listener = HttpListener(server.server_address[1], manner)
    server.RequestHandlerClass = _handler(listener)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield listener
    finally:
        listener.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(listener: HttpListener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            unpacked = _unpacked(body, headers.get("content-encoding", ""))
            listener.received.add(Request(self.path, headers, unpacked))
            with suppress(OSError):
                self._answer()

        def _answer(self) -> None:
            match listener.manner:
                case Manner.WELL:
                    self._send(200)
                case Manner.WITH_500:
                    self._send(500)
                case Manner.NEVER:
                    listener.over.wait()
                    self.close_connection = True
                case Manner.BY_CUTTING_OFF:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                    self.close_connection = True
                case Manner.WITH_NONSENSE:
                    self.wfile.write(b"\x00\xffHTTP nonsense\r\n\r\n" * 50)
                    self.close_connection = True

        def _send(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler


def _unpacked(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body)
        case _:
            return body


class UdpListener:
    """A UDP socket on loopback that keeps what it receives."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.datagrams: list[bytes] = []

    def lines(self, containing: str) -> list[str]:
        """All lines, as soon as one contains this text."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            self.read()
            lines = [line for each in self.datagrams for line in each.decode().split("\n")]
            if any(containing in line for line in lines):
                return lines
        raise AssertionError(f"no line with {containing!r} among {len(self.datagrams)} datagrams")

    def read(self) -> None:
        """Read what has arrived."""
        with suppress(TimeoutError):
            while True:
                self.datagrams.append(self._socket.recv(65535))

    def close(self) -> None:
        self._socket.close()


@contextmanager
def udp_listener() -> Iterator[UdpListener]:
    """A listener until the end of the block."""
    listener = UdpListener()
    try:
        yield listener
    finally:
        listener.close()
