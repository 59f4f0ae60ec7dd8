"""A photo at the pixel limit, 120 megapixels: it passes, and what it takes."""

from __future__ import annotations

from bench.completions import Completions
from bench.contender import Running, service
from bench.figures import Outcome, Row, Table, spread
from bench.lone_items import LoneItems
from bench.measure import peak_bytes
from bench.photographs import LARGEST
from bench.scale import Scale
from bench.servers import Servers
from bench.site import new_site

MEBIBYTE = 1024 * 1024


def run(servers: Servers, scale: Scale) -> Outcome:
    """Its time and its memory, alone in the system; nothing in a quick run."""
    if not scale.complete:
        return Outcome(())
    photographs = len(servers.provide(LARGEST, 1))
    with (
        new_site(servers, LARGEST) as site,
        Completions(site) as completions,
        Running(service(), site) as running,
    ):
        _, seconds = LoneItems(site, completions, running, photographs).one()
        peak = max(map(peak_bytes, running.process_ids))
    rows = (
        Row("publication to completion, s", (spread([seconds]),)),
        Row("peak MiB", (spread([peak / MEBIBYTE]),)),
    )
    return Outcome((Table("A photo at the pixel limit", (LARGEST.name,), rows),))
