"""An HTTP proxy in front of an S3 server that answers for some objects itself, wrongly.

Requests pass with their headers as they are, `Host` among them, so that signatures still hold.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_LONGEST_SILENCE_SECONDS = 60.0
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length"})


class FaultyS3(ThreadingHTTPServer):
    """An S3 server of which some objects are out of reach; `endpoint` is its address."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        """A proxy to the server at `endpoint`."""
        super().__init__(("127.0.0.1", 0), _Connection)
        self.target = urlsplit(endpoint).netloc
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self.refusals: dict[str, int] = {}
        """HTTP statuses by the object keys that are refused with them."""
        self.refused_puts: int | None = None
        """The HTTP status of every PUT, as of a disk that is full; None: they pass."""
        self.puts_refused = 0
        self.forbidden_prefixes: set[str] = set()
        """Beginnings of the keys of objects that may not be put."""
        self.silent: set[str] = set()
        """Object keys of which every request is left without an answer."""
        self.silences = 0
        """How many requests were left without one."""
        self._closing = threading.Event()

    def be_silent(self) -> None:
        """Keep a request waiting until its sender has given up for certain."""
        self.silences += 1
        self._closing.wait(_LONGEST_SILENCE_SECONDS)

    def stop_silence(self) -> None:
        """Let go of every request that waits: its connection closes without an answer."""
        self._closing.set()

    def stop(self) -> None:
        """Stop listening, and end what waits."""
        self._closing.set()
        self.shutdown()
        self.server_close()


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server: FaultyS3

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # /bucket/key
        key = unquote(urlsplit(self.path).path).split("/", 2)[-1]
        if key in self.server.silent:
            self.server.be_silent()
            self.close_connection = True
        elif self.command == "PUT" and self.server.refused_puts is not None:
            self.server.puts_refused += 1
            self._answer(self.server.refused_puts, {}, b"", "0")
        elif self.command == "PUT" and self._is_refused_beneath(key):
            self._answer(403, {}, b"", "0")
        elif key in self.server.refusals:
            self._answer(self.server.refusals[key], {}, b"", "0")
        else:
            self._forward(body)

    def _is_refused_beneath(self, key: str) -> bool:
        return any(key.startswith(prefix) for prefix in self.server.forbidden_prefixes)

    def _forward(self, body: bytes) -> None:
        connection = HTTPConnection(self.server.target)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        told = answer.headers["Content-Length"] if self.command == "HEAD" else None
        self._answer(answer.status, dict(answer.headers), data, told or str(len(data)))

    def _answer(self, status: int, headers: dict[str, str], data: bytes, length: str) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def faulty_s3(endpoint: str) -> Iterator[FaultyS3]:
    """A proxy to the S3 server at `endpoint` until the block ends."""
    faults = FaultyS3(endpoint)
    thread = threading.Thread(target=faults.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield faults
    finally:
        faults.stop()
        thread.join()
