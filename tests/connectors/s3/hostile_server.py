"""An HTTP server that answers as it is told: wrongly, slowly, in part, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext

TRICKLE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    """Raw: still encoded, with its query."""
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[["Handler"], None]


@dataclass(slots=True)
class HostileServer:
    """What the server answers, and what it was asked."""

    endpoint: str
    answers: list[Answer] = field(default_factory=list)
    """One a request, in order; the last one answers all that follow."""
    requests: list[Request] = field(default_factory=list)
    leave_bodies: bool = False
    """Leave a request's body for the answer to read, or not."""
    open_connections: int = 0
    most_connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def will(self, *answers: Answer) -> None:
        """Answer the coming requests so, one after the other; the last one again and again."""
        self.answers[:] = answers
        self.requests.clear()

    def next_answer(self) -> Answer:
        """The answer to the request that has just come."""
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    """One connection. Answers write to `wfile` themselves, so that they can be malformed."""

    protocol_version = "HTTP/1.1"
    hostile: HostileServer

    def setup(self) -> None:
        super().setup()
        with self.hostile.lock:
            self.hostile.open_connections += 1
            most = max(self.hostile.most_connections, self.hostile.open_connections)
            self.hostile.most_connections = most

    def finish(self) -> None:
        with self.hostile.lock:
            self.hostile.open_connections -= 1
        super().finish()

    def answer_request(self) -> None:
        answer = self.hostile.next_answer()
        body = b""
        if not self.hostile.leave_bodies:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        with self.hostile.lock:
            self.hostile.requests.append(request)
        try:
            answer(self)
        except OSError:
            self.close_connection = True

    do_GET = do_PUT = do_HEAD = do_DELETE = answer_request  # noqa: N815 - http.server looks them up

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are the point."""


@contextmanager
def hostile_server(tls: SSLContext | None = None) -> Iterator[HostileServer]:
    """A server on a free port until the block ends; answers that wait end with it."""

    class Bound(Handler):
        pass

    with _Server(("127.0.0.1", 0), Bound) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        hostile = HostileServer(f"{scheme}://127.0.0.1:{server.server_port}")
        Bound.hostile = hostile
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hostile
        finally:
            hostile.stopping.set()
            server.shutdown()
            thread.join()


def raw(answer: bytes) -> Answer:
    """Send exactly this, then close."""

    def send(handler: Handler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    return send


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """A complete answer; `_` in a header's name stands for `-`."""

    def send(handler: Handler) -> None:
        lines = {
            "Content-Length": str(len(body)),
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        sent_body = b"" if handler.command == "HEAD" else body
        handler.wfile.write(f"HTTP/1.1 {code} Whatever\r\n{head}\r\n".encode() + sent_body)

    return send


def error(code: int, s3_code: str, content_type: str = "application/xml", **headers: str) -> Answer:
    """S3's answer to what it refuses."""
    body = f"<Error><Code>{s3_code}</Code><Message>As told</Message></Error>".encode()
    return status(code, body, Content_Type=content_type, **headers)


def hang_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def silence(handler: Handler) -> None:
    """Say nothing."""
    handler.hostile.stopping.wait()


def trickle(answer: bytes) -> Answer:
    """Send this a byte at a time, each well before a time-out."""

    def send(handler: Handler) -> None:
        for byte in answer:
            handler.wfile.write(bytes([byte]))
            if handler.hostile.stopping.wait(TRICKLE_SECONDS):
                return

    return send
