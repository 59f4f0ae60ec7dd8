"""The control plane alone: the dataflow with no-ops for the work, then with real servers again.

Completions are counted by their queue's depth, since a consumer of them would take a core.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

from bench.contender import Contender, Running, confined, service
from bench.figures import Claim, Outcome, Row, Table, spread
from bench.measure import Meter
from bench.no_ops import BROKER, DATABASE, MEMORY
from bench.photographs import THUMBNAIL
from bench.rounds import rounds
from bench.scale import Scale
from bench.servers import Servers
from bench.site import Site, new_site

PREFETCH = 64
LOOK_SECONDS = 0.05
LEAD, END = 0.1, 0.9
"""The shares of all items between which is measured."""
SILENCE_SECONDS = 60.0
WORDS = {
    BROKER: "real broker",
    DATABASE: "real broker and database",
}
LIMITS = {BROKER: 2500.0, DATABASE: 800.0}


@dataclass(frozen=True, slots=True)
class _Rate:
    per_second: float
    per_cpu_second: float
    """Of the process's own CPU time: what it would do with a core to itself, servers elsewhere."""


def run(servers: Servers, scale: Scale) -> Outcome:
    """Items a second of one process at prefetch 4 × 64."""
    servers.provide(THUMBNAIL, 1)
    done = rounds(scale.rounds, scale.seconds / 3, lambda: _round(servers, scale))
    rows = tuple(
        Row(
            name,
            (
                spread([each[name].per_second for each in done]),
                spread([each[name].per_cpu_second for each in done]),
            ),
        )
        for name in done[0]
    )
    claims = tuple(
        Claim(
            f"control plane with {name}, items/s",
            spread([each[name].per_second for each in done]),
            limit,
            at_least=True,
        )
        for real, limit in LIMITS.items()
        for name in (each.name for each in _processes(real))
    )
    note = "One process, one worker, prefetch 4 × 64, nine variations an item, telemetry on."
    columns = ("items/s", "items/CPU s of the process")
    return Outcome((Table("Control plane", columns, rows, note),), claims)


def _round(servers: Servers, scale: Scale) -> dict[str, _Rate]:
    with_servers = {
        process.name: _with_servers(servers, process, scale)
        for real in LIMITS
        for process in _processes(real)
    }
    return {"nothing real": _in_memory(servers, scale), **with_servers}


def _processes(real: str) -> tuple[Contender, Contender]:
    """The process with so much that is real: free to use all cores, and confined to one."""
    free = service(flow=("bytewax.run", f"bench.no_ops:flow('{real}')"), name=WORDS[real])
    return free, confined(free)


def _in_memory(servers: Servers, scale: Scale) -> _Rate:
    module = f"bench.no_ops:flow('{MEMORY}', {scale.control_items})"
    with new_site(servers, THUMBNAIL) as site:
        # The last line is the lanes' own; those before it are the log.
        command = (sys.executable, "-m", "bytewax.run", module)
        done = subprocess.run(
            command, env=os.environ | site.environment, check=True, capture_output=True
        )
    for line in done.stdout.splitlines():
        if line.startswith(b'{"per second"'):
            figures = json.loads(line)
            return _Rate(figures["per second"], figures["per CPU second"])
    raise RuntimeError(f"{module} printed no rate")


def _with_servers(servers: Servers, contender: Contender, scale: Scale) -> _Rate:
    with new_site(servers, THUMBNAIL, prefetch=PREFETCH) as site:
        site.publish(range(1, scale.control_items + 1), 1)
        with (
            Running(contender, site) as running,
            Meter(running.process_ids, servers.process_ids) as meter,
        ):
            start, first = _await_depth(site, LEAD * scale.control_items)
            end, last = _await_depth(site, END * scale.control_items)
            load = meter.load(start, end)
    items = last - first
    return _Rate(items / load.seconds, items / load.own.cpu_seconds)


def _await_depth(site: Site, depth: float) -> tuple[float, int]:
    """When the completions were at least so many, and how many they were then."""
    deadline = time.monotonic() + SILENCE_SECONDS
    with site.servers.channel() as channel:
        while time.monotonic() < deadline:
            declared = channel.queue_declare(site.completed_queue, passive=True)
            count = int(declared.method.message_count)
            if count >= depth:
                return time.monotonic(), count
            time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"fewer than {depth:g} completions in {SILENCE_SECONDS:g} s")
