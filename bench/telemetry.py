"""What telemetry costs when its servers are well, silent, down or mad: nothing that can be seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import mean

from bench.backlog import Backlog, Run, work_off
from bench.contender import service
from bench.figures import Claim, Outcome, Row, Table, ratio, spread
from bench.free_ports import free_port
from bench.photographs import PHOTO, WEB_PHOTO, Kind
from bench.rounds import rounds
from bench.scale import Scale
from bench.servers import Servers

OFF = "nothing configured"
WELL, SILENT, DOWN, MAD = "all well", "all silent", "all down", "all answer nonsense"
LIMIT = 0.95
COLUMNS = ("items/core s", "÷ without", "CPU ms/item", "÷ without")

Round = Mapping[str, Sequence[Run]]
"""Of each manner its runs."""


def run(servers: Servers, scale: Scale) -> Outcome:
    """Sentry, DogStatsD, Alertmanager and OTLP together, on 4 MB photos and on 300 KB ones."""
    backlogs = [(Backlog(WEB_PHOTO, scale.web_photos, 8), scale.seconds / 6)]
    if scale.complete:
        backlogs.insert(0, (Backlog(PHOTO, service().in_flight), scale.seconds / 3))
    with _listening(_Well) as well, _listening(_Silent) as silent, _listening(_Mad) as mad:
        manners = {
            OFF: {},
            WELL: _pointed_at(well),
            SILENT: _pointed_at(silent),
            DOWN: _pointed_at(free_port()),
            MAD: _pointed_at(mad),
        }
        done = {
            backlog.kind: rounds(scale.rounds, seconds, partial(_round, servers, backlog, manners))
            for backlog, seconds in backlogs
        }
    claims = tuple(
        Claim(
            f"throughput on 4 MB photos, telemetry {name}, ÷ without",
            ratio(_throughputs(done[PHOTO], name), _throughputs(done[PHOTO], OFF)),
            LIMIT,
            at_least=True,
        )
        for name in manners
        if name != OFF and PHOTO in done
    )
    return Outcome(tuple(_table(kind, each) for kind, each in done.items()), claims)


def _table(kind: Kind, done: Sequence[Round]) -> Table:
    rows = []
    for name in done[0]:
        throughputs, cpu = _throughputs(done, name), _cpu_ms(done, name)
        cells = (
            spread(throughputs),
            ratio(throughputs, _throughputs(done, OFF)),
            spread(cpu),
            ratio(cpu, _cpu_ms(done, OFF)),
        )
        rows.append(Row(name, cells))
    note = "Every trace is sampled. The listeners are threads of the benchmark's own process."
    return Table(f"Telemetry, {kind.name}s", COLUMNS, tuple(rows), note)


def _throughputs(done: Sequence[Round], name: str) -> list[float]:
    return [mean(run.items_per_core_second for run in each[name]) for each in done]


def _cpu_ms(done: Sequence[Round], name: str) -> list[float]:
    return [mean(run.cpu_ms for run in each[name]) for each in done]


def _round(servers: Servers, backlog: Backlog, manners: Mapping[str, Mapping[str, str]]) -> Round:
    runs: dict[str, list[Run]] = {}
    # Without any before and after the others: the pace of a shared machine changes meanwhile.
    for name in (*manners, OFF):
        contender = replace(service(name=name), environment=manners[name])
        runs.setdefault(name, []).append(work_off(servers, contender, backlog))
    return runs


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
