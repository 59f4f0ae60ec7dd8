"""Growth: one process works off more and more thumbnails; an item's time and memory stay flat."""

from __future__ import annotations

import time
from dataclasses import dataclass

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
    """Each number of thumbnails, one after the other, in one process that goes on running."""
    servers.provide(THUMBNAIL, max(scale.growth))
    with (
        new_site(servers, THUMBNAIL) as site,
        Completions(site) as completions,
        Running(service(), site) as running,
        Meter(running.process_ids, servers.process_ids) as meter,
    ):
        growing = _Growing(site, completions, running, meter)
        growing.stage(WARM_UP)
        stages = [growing.stage(items) for items in scale.growth]
    return Outcome((_table(stages),), _claims(stages))


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


def _table(stages: list[_Stage]) -> Table:
    rows = tuple(
        Row(
            f"{stage.items:,} thumbnails",
            (
                spread([stage.ms_per_item]),
                spread([stage.cpu_ms_per_item]),
                spread([stage.resident_mebibytes]),
                spread([stage.peak_mebibytes]),
            ),
        )
        for stage in stages
    )
    columns = ("ms/item", "CPU ms/item", "memory after it, MiB", "peak MiB")
    note = "One process, one stage after the other, each with photographs of its own ids."
    return Table("Growth", columns, rows, note)


def _claims(stages: list[_Stage]) -> tuple[Claim, ...]:
    first, middle, last = stages
    # CPU is compared with the second stage's: of a hundred that take a second, a third is beginning
    # and end, when threads do not stand in each other's way.
    figures = (
        ("time an item", first, last.ms_per_item / first.ms_per_item),
        ("CPU an item", middle, last.cpu_ms_per_item / middle.cpu_ms_per_item),
        ("memory after it", first, last.resident_mebibytes / first.resident_mebibytes),
    )
    return tuple(
        Claim(f"{what}, {last.items:,} thumbnails ÷ {other.items:,}", spread([value]), 1.1)
        for what, other, value in figures
    )
