"""The HTTP endpoint of a process: `/metrics` for Prometheus, and what else it is given.

It listens on every interface, since whoever scrapes is on another host or in another container,
and what it shows are numbers and never secrets. It only answers `GET` and `HEAD`, on threads of
its own that end with the process.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from colecionador.domain.events import Notice
from colecionador.domain.ports import Telemetry

HOST = "0.0.0.0"  # noqa: S104 - see the module's docstring
PORTS_TRIED = 100
"""How far past the wanted port a free one is looked for."""
OPENMETRICS_END = b"# EOF\n"

CLIENT_TIMEOUT_SECONDS = 10.0
"""A client that sends nothing for longer is cut off."""

CLOSE_POLL_SECONDS = 0.1
"""How often the endpoint looks whether it was closed."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one path answers."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK


Route = Callable[[str], Page]
"""Makes a page for a request's `Accept` header."""


class Endpoint:
    """A listening endpoint; `port` is the one that it got."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self.port: int = server.server_address[1]
        self._thread = Thread(
            target=server.serve_forever,
            args=(CLOSE_POLL_SECONDS,),
            name="metrics-endpoint",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def open_endpoint(
    routes: Mapping[str, Route], metrics_port: int, process_index: int, telemetry: Telemetry
) -> Endpoint | None:
    """Serve `routes` on `metrics_port` + `process_index`, or on the next port that is free.

    Never raises: a port already taken is a warning. None where `metrics_port` is 0 (off), or no
    port is to be had.
    """
    if metrics_port == 0:
        return None
    wanted = metrics_port + process_index
    server = _listen(wanted, _handler(routes))
    if isinstance(server, OSError):
        telemetry.emit(_notice("warning", "Metrics endpoint off", port=wanted, error=str(server)))
        return None
    endpoint = Endpoint(server)
    if endpoint.port != wanted:
        telemetry.emit(_notice("warning", "Metrics port taken", port=wanted, used=endpoint.port))
    else:
        telemetry.emit(_notice("info", "Metrics endpoint open", port=wanted))
    return endpoint


def metrics_route(
    registry: CollectorRegistry, more: Callable[[bool], bytes] = lambda _: b""
) -> Route:
    """The registry in the text format that a request asks for; `more` is in the same format.

    `more` is told whether that is OpenMetrics.
    """

    def page(accept: str) -> Page:
        encode, content_type = choose_encoder(accept)
        openmetrics = content_type.startswith("application/openmetrics-text")
        end = OPENMETRICS_END if openmetrics else b""
        own = encode(registry).removesuffix(end)
        return Page(own + more(openmetrics) + end, content_type)

    return page


def _listen(wanted: int, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer | OSError:
    refused = OSError(errno.EADDRNOTAVAIL, f"no port from {wanted} to 65535")
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        try:
            return ThreadingHTTPServer((HOST, port), handler)
        except OSError as error:
            refused = error
    return refused


def _handler(routes: Mapping[str, Route]) -> type[BaseHTTPRequestHandler]:
    not_found = Page(f"Not here. Try {', '.join(routes)}.\n".encode(), status=HTTPStatus.NOT_FOUND)

    class Handler(BaseHTTPRequestHandler):
        """Answers from the routes; says nothing on stderr, where the log is."""

        timeout = CLIENT_TIMEOUT_SECONDS
        server_version = "augment"
        sys_version = ""

        def do_GET(self) -> None:
            self.wfile.write(self._start().body)

        def do_HEAD(self) -> None:
            self._start()

        def log_message(self, *_: object) -> None:
            """A scrape is no event."""

        def _start(self) -> Page:
            route = routes.get(self.path.partition("?")[0])
            page = route(self.headers.get("Accept", "")) if route else not_found
            self.send_response(page.status)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            return page

    return Handler


def _notice(level: str, event: str, **fields: str | int) -> Notice:
    return Notice(level, event, tuple(fields.items()))
