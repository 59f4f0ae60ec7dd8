"""What breaks during a soak: the list from which faults are drawn, and how each is undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from sandbox.server import Server
from soak.replicas import Replica
from soak.site import Site

HELD_SECONDS = (1.0, 6.0)
"""How long a server or a connection stays away: more than a few attempts would last."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that breaks, and is whole again when `happen` returns."""

    name: str
    happen: Callable[[Random], None]


def faults(site: Site, replicas: Sequence[Replica]) -> tuple[Fault, ...]:
    """Every fault of the list, over this site."""
    found = [
        Fault("kill -9 of a replica", partial(_to_one, replicas, Replica.kill)),
        # A second time: the fault that matters most.
        Fault("kill -9 of a replica", partial(_to_one, replicas, Replica.kill)),
        Fault("kill -9 of every replica", partial(_to_each, replicas, Replica.kill)),
        Fault("a replica drained", partial(_to_one, replicas, Replica.drain)),
        Fault("a replica stopped for a while", partial(_stopped, replicas)),
    ]
    for name, proxy in site.proxies.items():
        found += [
            Fault(f"connections cut: {name}", partial(_at_once, proxy.cut)),
            Fault(f"connections stalled: {name}", partial(_held, proxy.stall, proxy.flow)),
        ]
    for server in site.servers.servers:
        found += [
            Fault(f"server paused: {server.name}", partial(_held, server.pause, server.resume)),
            Fault(f"server restarted: {server.name}", partial(_at_once, server.restart)),
            Fault(f"server killed: {server.name}", partial(_killed, server)),
        ]
    return tuple(found)


def _at_once(happen: Callable[[], None], random: Random) -> None:
    happen()


def _held(begin: Callable[[], None], end: Callable[[], None], random: Random) -> None:
    begin()
    try:
        time.sleep(random.uniform(*HELD_SECONDS))
    finally:
        end()


def _killed(server: Server, random: Random) -> None:
    server.kill()
    server.start()


def _to_one(replicas: Sequence[Replica], happen: Callable[[Replica], None], random: Random) -> None:
    happen(random.choice(replicas))


def _to_each(
    replicas: Sequence[Replica], happen: Callable[[Replica], None], random: Random
) -> None:
    for replica in replicas:
        happen(replica)


def _stopped(replicas: Sequence[Replica], random: Random) -> None:
    replica = random.choice(replicas)
    _held(replica.pause, replica.resume, random)
