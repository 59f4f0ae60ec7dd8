"""A backlog that came back, beside a fresh one: each redelivery is rendered alone in a child."""

from __future__ import annotations

from functools import partial

from bench.backlog import Backlog
from bench.completions import Completions
from bench.contender import Running, service
from bench.figures import Outcome, Row, Table, ratio, spread
from bench.measure import Meter
from bench.photographs import PHOTO, WEB_PHOTO
from bench.rounds import rounds
from bench.scale import Scale
from bench.servers import Servers
from bench.site import Site, new_site

COLUMNS = ("fresh, items/core s", "redelivered, items/core s", "redelivered ÷ fresh")


def run(servers: Servers, scale: Scale) -> Outcome:
    """4 MB photos and 300 KB ones, as after a crash that took everything in flight along."""
    rows = []
    backlogs = [Backlog(WEB_PHOTO, scale.web_photos, 8)]
    if scale.complete:
        backlogs.insert(0, Backlog(PHOTO, scale.photos, scale.lead))
    for backlog in backlogs:
        done = rounds(scale.rounds, scale.seconds / 8, partial(_round, servers, backlog))
        fresh, redelivered = zip(*done, strict=True)
        cells = spread(fresh), spread(redelivered), ratio(redelivered, fresh)
        rows.append(Row(f"{backlog.kind.name}s", cells))
    note = "Redelivered: somebody took all messages and went away. Two warm children, as cores."
    return Outcome((Table("A backlog that came back", COLUMNS, tuple(rows), note),))


def _round(servers: Servers, backlog: Backlog) -> tuple[float, float]:
    return (
        _throughput(servers, backlog, came_back=False),
        _throughput(servers, backlog, came_back=True),
    )


def _throughput(servers: Servers, backlog: Backlog, *, came_back: bool) -> float:
    contender, measured = service(), backlog.lead + backlog.count
    published = measured + contender.in_flight
    photographs = len(servers.provide(backlog.kind, measured))
    with new_site(servers, backlog.kind) as site:
        site.publish(range(1, published + 1), photographs)
        if came_back:
            _take_and_go_away(site, published)
        with (
            Completions(site) as completions,
            Running(contender, site) as running,
            Meter(running.process_ids, servers.process_ids) as meter,
        ):
            moments = completions.wait_for(measured, running)
            load = meter.load(moments[backlog.lead - 1], moments[-1])
    return backlog.count / load.left_seconds


def _take_and_go_away(site: Site, count: int) -> None:
    """Take so many messages and end without a word for any: they are redelivered from then on."""
    with site.servers.channel() as channel:
        for _ in range(count):
            method, _, _ = channel.basic_get(site.queue)
            if method is None:
                raise RuntimeError(f"fewer than {count} messages in {site.queue}")
