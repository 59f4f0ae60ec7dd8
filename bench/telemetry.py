"""What telemetry costs when its servers are well, silent, down or mad: nothing that can be seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.backlog import Backlog, Run, work_off
from bench.contender import service
from bench.figures import Claim, Outcome, Row, Table, ratio, spread
from bench.free_ports import free_port
from bench.photographs import WEB_PHOTO
from bench.rounds import rounds
from bench.scale import Scale
from bench.servers import Servers

OFF = "nothing configured"
WELL, SILENT, DOWN, MAD = "all well", "all silent", "all down", "all answer nonsense"
LIMIT = 0.95
COLUMNS = ("items/core s", "÷ without", "CPU ms/item", "÷ without")


def run(servers: Servers, scale: Scale) -> Outcome:
    """Sentry, DogStatsD, Alertmanager and OTLP together, on 300 KB photos."""
    backlog = Backlog(WEB_PHOTO, scale.web_photos, 8)
    with _listening(_Well) as well, _listening(_Silent) as silent, _listening(_Mad) as mad:
        manners = {
            OFF: {},
            WELL: _pointed_at(well),
            SILENT: _pointed_at(silent),
            DOWN: _pointed_at(free_port()),
            MAD: _pointed_at(mad),
        }
        done = rounds(scale.rounds, scale.seconds / 2, lambda: _round(servers, backlog, manners))
    throughputs = {name: [each[name].items_per_core_second for each in done] for name in manners}
    cpu = {name: [each[name].cpu_ms for each in done] for name in manners}
    rows = tuple(
        Row(
            name,
            (
                spread(throughputs[name]),
                ratio(throughputs[name], throughputs[OFF]),
                spread(cpu[name]),
                ratio(cpu[name], cpu[OFF]),
            ),
        )
        for name in manners
    )
    claims = tuple(
        Claim(
            f"throughput with telemetry, {name}, ÷ without",
            ratio(throughputs[name], throughputs[OFF]),
            LIMIT,
            at_least=True,
        )
        for name in manners
        if name != OFF
    )
    note = "Every trace is sampled. The listeners are threads of the benchmark's own process."
    return Outcome((Table("Telemetry", COLUMNS, rows, note),), claims)


def _round(
    servers: Servers, backlog: Backlog, manners: Mapping[str, Mapping[str, str]]
) -> dict[str, Run]:
    return {
        name: work_off(servers, replace(service(name=name), environment=environment), backlog)
        for name, environment in manners.items()
    }


def _pointed_at(port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    return {
        "AUGMENT_SENTRY_DSN": f"http://key@127.0.0.1:{port}/1",
        "AUGMENT_DOGSTATSD_ADDRESS": f"127.0.0.1:{port}",
        "AUGMENT_ALERTMANAGER_URL": url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
    }


class _Well(BaseHTTPRequestHandler):
    """Takes everything."""

    answer = (200, b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        status, body = self.answer
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Mad(_Well):
    answer = (500, b"\x00no server that you know" * 50)


class _Silent(_Well):
    over = threading.Event()

    def do_POST(self) -> None:
        self.over.wait()
        self.close_connection = True


@contextmanager
def _listening(handler: type[_Well]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        _Silent.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
