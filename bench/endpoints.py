"""The endpoints while every core is busy: how long /metrics, /healthz and /readyz let one wait."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection
from typing import Self

from bench.completions import Completions
from bench.contender import Running, service
from bench.figures import Claim, Outcome, Row, Table, percentile, spread
from bench.free_ports import free_port
from bench.photographs import PHOTO, THUMBNAIL, Kind
from bench.scale import Scale
from bench.servers import Servers
from bench.site import new_site

PATHS = ("/metrics", "/healthz", "/readyz")
PAUSE_SECONDS = 0.1
"""Between two rounds of questions: ten times as often as anybody asks."""
PATIENCE_SECONDS = 30.0
LIMIT_MS = 100.0
LEAD = 4
TURNS = 4
"""How often each photograph is worked off: of fewer than a hundred answers the 99th percentile is
the longest one."""
COLUMNS = ("answers", "p50 ms", "p95 ms", "p99 ms", "longest ms")

Waits = dict[str, list[float]]


def run(servers: Servers, scale: Scale) -> Outcome:
    """A backlog of 4 MB photos, then one of thumbnails: the one fills cores, the other the GIL."""
    rows, claims = [], []
    for kind, count in ((PHOTO, scale.photos), (THUMBNAIL, scale.thumbnails)):
        waits = _waits(servers, kind, count)
        for path, milliseconds in waits.items():
            percentiles = [percentile(milliseconds, share) for share in (0.5, 0.95, 0.99)]
            shown = (len(milliseconds), *percentiles, max(milliseconds))
            label = f"{path}, {kind.name}"
            rows.append(Row(label, tuple(spread([each]) for each in shown)))
            claims.append(Claim(f"{label}: p99 ms", spread([percentiles[2]]), LIMIT_MS))
    note = (
        "Asked ten times a second each, on a connection of its own, while a backlog is worked off."
    )
    table = Table("Endpoints of a busy process", COLUMNS, tuple(rows), note)
    return Outcome((table,), tuple(claims))


def _waits(servers: Servers, kind: Kind, count: int) -> Waits:
    """Milliseconds of each answer, by path, while so many photographs take their turns."""
    port, contender = free_port(), service()
    photographs = len(servers.provide(kind, LEAD + count))
    with (
        new_site(servers, kind) as site,
        Completions(site) as completions,
    ):
        site.environment["AUGMENT_METRICS_PORT"] = str(port)
        with Running(contender, site) as running:
            measured = LEAD + TURNS * count
            site.publish(range(1, measured + contender.in_flight + 1), photographs)
            completions.wait_for(LEAD, running)
            with _Asking(port) as asking:
                completions.wait_for(measured, running)
            return asking.waits


class _Asking:
    """Asks in turn, on a thread of its own, until its `with` ends."""

    def __init__(self, port: int) -> None:
        self.waits: Waits = {path: [] for path in PATHS}
        self._port = port
        self._over = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._over.wait(PAUSE_SECONDS):
                for path in PATHS:
                    self.waits[path].append(_ask(self._port, path))
        except Exception as error:  # noqa: BLE001 - raised again where it is seen
            self._error = error


def _ask(port: int, path: str) -> float:
    started = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status} while the process works")
    return 1000 * (time.perf_counter() - started)
