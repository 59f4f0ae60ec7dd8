"""The published situation: an S3 and a database that are far away, beside the published figures.

To each download 200 ms are added, to each upload 300 ms and to each transaction 150 ms, by proxies
through which the other side of the comparison goes too, without a delay.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from statistics import mean
from urllib.parse import urlsplit

from bench.backlog import Backlog, Run, work_off
from bench.completions import Completions
from bench.contender import Running, plain, service
from bench.delay_proxy import S3Delays, TransactionDelays, delayed
from bench.figures import Claim, Outcome, Row, Table, percentile, ratio, spread
from bench.lone_items import LoneItems
from bench.photographs import PHOTO
from bench.rounds import rounds
from bench.scale import Scale
from bench.servers import Servers
from bench.site import new_site

DOWNLOAD_SECONDS = 0.2
UPLOAD_SECONDS = 0.3
TRANSACTION_SECONDS = 0.15

CONNECTIONS = 16
"""To the store. The default, 10, is for one that is near: where each upload takes 300 ms more they
are all busy at 2.9 photos a second, and the cores of a fast machine wait for them."""
SERVICE = replace(service(), environment={"AUGMENT_S3_POOL": str(CONNECTIONS)})

PUBLISHED = {
    "a 4 MB photo, s": "2.8–3.5",
    "photos an hour": "1,000–2,000",
}
"""What was published of the design that this service replaces; how it was measured is unknown."""


@dataclass(frozen=True, slots=True)
class _Round:
    near: tuple[Run, ...]
    """Before and after each that is far: the pace of a shared machine changes within a minute."""
    far: tuple[Run, ...]
    plain_far: Run
    lone_seconds: list[float]


def run(servers: Servers, scale: Scale) -> Outcome:
    """Throughput with and without the delays, and the latency of an item alone with them."""
    done = rounds(scale.rounds, scale.seconds / 2, lambda: _round(servers, scale))
    near = [mean(run.items_per_second for run in each.near) for each in done]
    far = [mean(run.items_per_second for run in each.far) for each in done]
    lone = spread([percentile(each.lone_seconds, 0.5) for each in done])
    claims = (
        Claim("throughput with the latencies ÷ without", ratio(far, near), 0.95, at_least=True),
        Claim("p50 seconds of an item alone, with the latencies", lone, 1.3),
    )
    return Outcome((_table(done),), claims)


def _round(servers: Servers, scale: Scale) -> _Round:
    backlog = Backlog(PHOTO, scale.photos, lead=max(2, scale.photos // 2))
    few = replace(backlog, count=max(2, scale.photos // 2), lead=2)
    near_runs, far_runs = [_near(servers, backlog)], []
    with _far_away(servers, 1.0) as far:
        for _ in range(scale.far_runs):
            far_runs.append(work_off(far, SERVICE, backlog))
            if scale.complete:
                near_runs.append(_near(servers, backlog))
        plain_run = work_off(far, plain(1), few)
        lone_seconds = _lone(far, scale.alone)
    return _Round(tuple(near_runs), tuple(far_runs), plain_run, lone_seconds)


def _near(servers: Servers, backlog: Backlog) -> Run:
    with _far_away(servers, 0.0) as near:
        return work_off(near, SERVICE, backlog)


def _lone(servers: Servers, count: int) -> list[float]:
    photographs = len(servers.provide(PHOTO, count + 1))
    with (
        new_site(servers, PHOTO) as site,
        Completions(site) as completions,
        Running(SERVICE, site) as running,
    ):
        items = LoneItems(site, completions, running, photographs)
        items.one()  # opens the connections
        return [items.one()[1] for _ in range(count)]


@contextmanager
def _far_away(servers: Servers, times: float) -> Iterator[Servers]:
    """The same servers behind proxies, with so many times the published delays."""
    environment = dict(servers.environment)
    with ExitStack() as stack:
        for name, delays in (
            (
                "AUGMENT_S3_ENDPOINT",
                lambda: S3Delays(times * DOWNLOAD_SECONDS, times * UPLOAD_SECONDS),
            ),
            ("AUGMENT_DATABASE_URL", lambda: TransactionDelays(times * TRANSACTION_SECONDS)),
        ):
            parts = urlsplit(environment[name])
            target = (str(parts.hostname), int(parts.port or 0))
            port = stack.enter_context(delayed(target, delays))
            environment[name] = environment[name].replace(f":{parts.port}", f":{port}", 1)
        yield replace(servers, environment=environment)


def _table(done: list[_Round]) -> Table:
    far = [run for each in done for run in each.far]
    plain_far = [each.plain_far for each in done]
    lone = spread([percentile(each.lone_seconds, 0.5) for each in done])
    latency = [percentile(run.total_ms, 0.5) / 1000 for run in plain_far]
    rows = (
        Row("a 4 MB photo alone, s", (PUBLISHED["a 4 MB photo, s"], spread(latency), lone)),
        Row(
            "photos an hour",
            (
                PUBLISHED["photos an hour"],
                spread([3600 * run.items_per_second for run in plain_far]),
                spread([3600 * run.items_per_second for run in far]),
            ),
        ),
        Row(
            "the same without the latencies",
            (
                "",
                None,
                spread([3600 * run.items_per_second for each in done for run in each.near]),
            ),
        ),
        Row(
            "cores busy %",
            (
                "",
                spread([100 * run.load.busy for run in plain_far]),
                spread([100 * run.load.busy for run in far]),
            ),
        ),
    )
    columns = ("published", "plain consumer, one at a time", "service -w 1")
    note = (
        "With 200 ms added to each download, 300 ms to each upload and 150 ms to each transaction "
        "by a proxy. The service has two transactions an item: it registers it before the work. "
        f"It has {CONNECTIONS} connections to the store, near and far."
    )
    return Table("The published situation", columns, rows, note)
