"""One run over a backlog, measured while there is more to do: neither its start nor its end count.

So many items more are published than are measured: the first ones, until the work is under way,
and as many at the end as are in flight, so that every core could work all the time.

Where as few are measured as are in flight that would not do: photographs are finished in bursts of
a lane each, and what has been begun by the first moment is not what has been by the last. Then it
is a run over so many and no more, from their publication on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.completions import Completions
from bench.contender import Contender, Running
from bench.measure import Load, Meter, peak_bytes
from bench.photographs import Kind
from bench.servers import Servers
from bench.site import new_site


@dataclass(frozen=True, slots=True)
class Backlog:
    """What to work off: so many photographs of a kind, after the first `lead` ones.

    Without a lead these are all, and measured from their publication on.
    """

    kind: Kind
    count: int
    lead: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured."""

    items: int
    load: Load
    peak_bytes: int
    """Of the largest process."""
    total_ms: tuple[float, ...]
    """Of each item, from its start to its commit, by its metrics row."""

    @property
    def items_per_second(self) -> float:
        """The throughput."""
        return self.items / self.load.seconds

    @property
    def items_per_core_second(self) -> float:
        """The throughput by the core time that other programs left: half of it on two cores."""
        return self.items / self.load.left_seconds

    @property
    def cpu_ms(self) -> float:
        """Of the contender's own processes, an item."""
        return 1000 * self.load.own.cpu_seconds / self.items

    @property
    def server_cpu_ms(self) -> float:
        """Of the three servers, an item."""
        return 1000 * self.load.servers.cpu_seconds / self.items

    @property
    def faults(self) -> float:
        """Page faults of the contender's own processes, an item."""
        return self.load.own.faults / self.items


def work_off(servers: Servers, contender: Contender, backlog: Backlog) -> Run:
    """Let a contender work on a backlog, and measure it."""
    kind, measured = backlog.kind, backlog.lead + backlog.count
    photographs = len(servers.provide(kind, measured))
    with (
        new_site(servers, kind) as site,
        Completions(site) as completions,
        Running(contender, site) as running,
        Meter(running.process_ids, servers.process_ids) as meter,
    ):
        published = time.monotonic()
        # The last ones are downloaded at most: their photographs may be the first ones again.
        more = contender.in_flight if backlog.lead else 0
        site.publish(range(1, measured + more + 1), photographs)
        moments = completions.wait_for(measured, running)
        start = moments[backlog.lead - 1] if backlog.lead else published
        load = meter.load(start, moments[-1])
        peak = max(map(peak_bytes, running.process_ids))
        wanted = completions.item_ids[backlog.lead : measured]
        total_ms = site.total_ms()
    return Run(backlog.count, load, peak, tuple(total_ms[item_id] for item_id in wanted))
