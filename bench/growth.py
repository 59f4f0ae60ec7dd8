"""Growth: one process works off more and more thumbnails; an item's time and memory stay flat."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from bench.completions import Completions
from bench.contender import Running, service
from bench.figures import Claim, Outcome, Row, Table, spread
from bench.measure import Meter, peak_bytes, resident_bytes
from bench.photographs import THUMBNAIL
from bench.scale import Scale
from bench.servers import Servers
from bench.site import Site, new_site

MEBIBYTE = 1024 * 1024
WARM_UP = 50


@dataclass(frozen=True, slots=True)
class _Stage:
    items: int
    ms_per_item: float
    cpu_ms_per_item: float
    resident_mebibytes: float
    peak_mebibytes: float


def run(servers: Servers, scale: Scale) -> Outcome:
    """Each number of thumbnails, one after the other, in one process that goes on running.

    Then all but the largest in a fresh one: the pace of a shared machine changes meanwhile.
    """
    servers.provide(THUMBNAIL, max(scale.growth))
    stages = _stages(servers, scale.growth)
    afresh = _stages(servers, scale.growth[:-1])
    return Outcome((_table(stages, afresh),), _claims(stages, afresh))


def _stages(servers: Servers, growth: Sequence[int]) -> list[_Stage]:
    with (
        new_site(servers, THUMBNAIL) as site,
        Completions(site) as completions,
        Running(service(), site) as running,
        Meter(running.process_ids, servers.process_ids) as meter,
    ):
        growing = _Growing(site, completions, running, meter)
        growing.stage(WARM_UP)
        return [growing.stage(items) for items in growth]


class _Growing:
    def __init__(
        self, site: Site, completions: Completions, running: Running, meter: Meter
    ) -> None:
        self._site = site
        self._completions = completions
        self._running = running
        self._meter = meter
        self._done = 0

    def stage(self, items: int) -> _Stage:
        """Publish so many and wait until all are done."""
        first, self._done = self._done + 1, self._done + items
        started = time.monotonic()
        # Item ids go on, photographs begin anew: no id and no key is seen twice.
        self._site.publish(range(first, self._done + 1), items)
        ended = self._completions.wait_for(self._done, self._running)[-1]
        load = self._meter.load(started, ended)
        process_id = self._running.process_ids[0]
        return _Stage(
            items,
            1000 * load.seconds / items,
            1000 * load.own.cpu_seconds / items,
            resident_bytes(process_id) / MEBIBYTE,
            peak_bytes(process_id) / MEBIBYTE,
        )


def _table(stages: list[_Stage], afresh: list[_Stage]) -> Table:
    rows = tuple(
        Row(
            f"{stage.items:,} thumbnails{words}",
            (
                spread([stage.ms_per_item]),
                spread([stage.cpu_ms_per_item]),
                spread([stage.resident_mebibytes]),
                spread([stage.peak_mebibytes]),
            ),
        )
        for process, words in ((stages, ""), (afresh, ", a fresh process afterwards"))
        for stage in process
    )
    columns = ("ms/item", "CPU ms/item", "memory after it, MiB", "peak MiB")
    note = "A process does one stage after the other, each with photographs of its own ids."
    return Table("Growth", columns, rows, note)


def _claims(stages: list[_Stage], afresh: list[_Stage]) -> tuple[Claim, ...]:
    first, middle, last = stages
    first_afresh, middle_afresh = afresh
    usual_ms = mean((first.ms_per_item, first_afresh.ms_per_item))
    # CPU is compared with the second stage's: of a hundred that take a second, a third is beginning
    # and end, when threads do not stand in each other's way.
    usual_cpu_ms = mean((middle.cpu_ms_per_item, middle_afresh.cpu_ms_per_item))
    figures = (
        ("time an item", first, last.ms_per_item / usual_ms),
        ("CPU an item", middle, last.cpu_ms_per_item / usual_cpu_ms),
        ("memory after it", first, last.resident_mebibytes / first.resident_mebibytes),
    )
    return tuple(
        Claim(f"{what}, {last.items:,} thumbnails ÷ {other.items:,}", spread([value]), 1.1)
        for what, other, value in figures
    )
